// A node whose pods behave as the names of their images say: Kubernetes' own kubelet over the fake container runtime of its tests.
//
// What becomes of a pod is up to the real kubelet, as on any node: it looks for the ConfigMaps and Secrets that the pod refers to, mounts
// them, pulls, starts, backs off and reports. Only the runtime beneath it is made up. An image whose name contains
//
//	missing   cannot be pulled, which takes a second to find out;
//	broken    ends with exit code 1 as soon as it has started;
//	unready   runs and is never ready.
//
// Every other container runs until it is stopped, but for init containers and those of Jobs, which end with exit code 0.
//
// Usage: kubelet -kubeconfig FILE [-backoff DURATION]. Its files are in the folder `node` of the working directory. The kubeconfig's user is
// `system:node:kubelet` in the group `system:nodes`, or one that may do everything.
package main

import (
	"context"
	"flag"
	"log"
	"path/filepath"
	"slices"
	"strings"
	"time"

	cadvisor "github.com/google/cadvisor/info/v1"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	cri "k8s.io/cri-api/pkg/apis/runtime/v1"
	fakecri "k8s.io/cri-api/pkg/apis/testing"
	fakecadvisor "k8s.io/kubernetes/pkg/kubelet/cadvisor/testing"
	"k8s.io/kubernetes/pkg/kubelet/cm"
	fakeprober "k8s.io/kubernetes/pkg/kubelet/prober/testing"
	"k8s.io/kubernetes/pkg/kubemark"
)

// nodeName is the name of the node.
const nodeName = "kubelet"

func main() {
	kubeconfig := flag.String("kubeconfig", "", "how to reach the API server")
	backoff := flag.Duration("backoff", 5*time.Minute, "the longest pause before a container that ended is started again")
	flag.Parse()
	node, err := newNode(*kubeconfig, *backoff)
	if err != nil {
		log.Fatal(err)
	}
	node.Run(context.Background())
}

// newNode wires a hollow kubelet (k8s.io/kubernetes/pkg/kubemark) to the runtime below. What kubemark leaves out for speed and the tests of
// rollouts look at is put back: events, and the readiness of containers.
func newNode(kubeconfig string, backoff time.Duration) (*kubemark.HollowKubelet, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, err
	}
	config.QPS = -1 // no limit
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	root, err := filepath.Abs("node")
	if err != nil {
		return nil, err
	}
	flags, settings := kubemark.GetHollowKubeletConfig(&kubemark.HollowKubeletOptions{NodeName: nodeName, MaxPods: 10000})
	flags.RootDirectory, settings.PodLogsDir = root, filepath.Join(root, "logs")
	settings.StaticPodPath = ""
	settings.EnableServer = false
	settings.MakeIPTablesUtilChains = false
	settings.RegistryPullQPS = 0
	settings.ClusterDNS, settings.ClusterDomain = []string{"10.0.0.10"}, "cluster.local"
	settings.CrashLoopBackOff.MaxContainerRestartPeriod = &meta.Duration{Duration: backoff}

	fakecri.FakePodSandboxIPs = []string{"192.0.2.1"} // TEST-NET-1 of RFC 5737, where nobody answers
	containers := fakecri.NewFakeRuntimeService()
	ready := func(kind string) *cri.RuntimeCondition { return &cri.RuntimeCondition{Type: kind, Status: true} }
	containers.FakeStatus = &cri.RuntimeStatus{Conditions: []*cri.RuntimeCondition{ready(cri.RuntimeReady), ready(cri.NetworkReady)}}
	node := kubemark.NewHollowKubelet(flags, settings, client, client, machine{&fakecadvisor.Fake{NodeName: nodeName}},
		images{fakecri.NewFakeImageService()}, runtime{containers, client}, cm.NewStubContainerManager())
	node.KubeletDeps.Recorder, node.KubeletDeps.EventClient = nil, client.CoreV1()
	node.KubeletDeps.ProbeManager = probes{}
	return node, nil
}

// machine has room for whatever honest pods ask for.
type machine struct{ *fakecadvisor.Fake }

func (m machine) MachineInfo() (*cadvisor.MachineInfo, error) {
	info, err := m.Fake.MachineInfo()
	info.NumCores, info.MemoryCapacity = 1000, 1<<40
	return info, err
}

// images has all but the missing ones.
type images struct{ *fakecri.FakeImageService }

func (i images) PullImage(ctx context.Context, image *cri.ImageSpec, auth *cri.AuthConfig, sandbox *cri.PodSandboxConfig) (string, error) {
	if strings.Contains(image.Image, "missing") {
		time.Sleep(time.Second)
		// The words of containerd.
		return "", status.Errorf(codes.NotFound, "failed to pull and unpack image %q: failed to resolve reference %[1]q: %[1]s: not found", image.Image)
	}
	return i.FakeImageService.PullImage(ctx, image, auth, sandbox)
}

// probes call a container ready when it runs, unless its image says otherwise; nothing is probed.
type probes struct{ fakeprober.FakeManager }

func (probes) UpdatePodStatus(_ context.Context, pod *core.Pod, status *core.PodStatus) {
	for _, containers := range [][]core.ContainerStatus{status.InitContainerStatuses, status.ContainerStatuses} {
		for i := range containers {
			container := &containers[i]
			runs, end := container.State.Running != nil, container.State.Terminated
			container.Started = &runs
			container.Ready = runs && !strings.Contains(container.Image, "unready") || end != nil && end.ExitCode == 0 && endsFirst(pod, container.Name)
		}
	}
}

// endsFirst says whether the container has to end before the pod's next one starts.
func endsFirst(pod *core.Pod, name string) bool {
	return slices.ContainsFunc(pod.Spec.InitContainers, func(container core.Container) bool {
		sidecar := container.RestartPolicy != nil && *container.RestartPolicy == core.ContainerRestartPolicyAlways
		return container.Name == name && !sidecar
	})
}

// runtime ends the containers that have to end.
type runtime struct {
	*fakecri.FakeRuntimeService
	client kubernetes.Interface
}

func (r runtime) StartContainer(ctx context.Context, id string) error {
	if err := r.FakeRuntimeService.StartContainer(ctx, id); err != nil {
		return err
	}
	r.Lock()
	container := r.Containers[id]
	namespace, name := container.Labels["io.kubernetes.pod.namespace"], container.Labels["io.kubernetes.pod.name"]
	r.Unlock()
	pod, err := r.client.CoreV1().Pods(namespace).Get(ctx, name, meta.GetOptions{})
	if err != nil {
		return err
	}
	ofJob := slices.ContainsFunc(pod.OwnerReferences, func(owner meta.OwnerReference) bool { return owner.Kind == "Job" })
	r.Lock()
	defer r.Unlock()
	switch {
	case strings.Contains(container.Image.Image, "broken"):
		container.ExitCode, container.Reason = 1, "Error"
	case ofJob || endsFirst(pod, container.Metadata.Name):
		container.ExitCode, container.Reason = 0, "Completed"
	default:
		return nil
	}
	container.State, container.FinishedAt = cri.ContainerState_CONTAINER_EXITED, time.Now().UnixNano()
	return nil
}

// RemovePodSandbox removes its containers too, as real runtimes do and the fake one does not.
func (r runtime) RemovePodSandbox(ctx context.Context, id string) error {
	r.Lock()
	for key, container := range r.Containers {
		if container.SandboxID == id {
			delete(r.Containers, key)
		}
	}
	r.Unlock()
	return r.FakeRuntimeService.RemovePodSandbox(ctx, id)
}
