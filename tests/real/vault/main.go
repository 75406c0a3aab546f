// A HashiCorp Vault server for one test: Vault's own core and HTTP handler, in memory, initialized and unsealed, on the loopback.
//
//	vault [-cert FILE -key FILE [-client-ca FILE]]
//
// Prints one line of JSON with the address, the root token and the key that unseals, and ends with its standard input.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"

	"github.com/hashicorp/go-hclog"
	jwt "github.com/hashicorp/vault-plugin-auth-jwt"
	kubernetes "github.com/hashicorp/vault-plugin-auth-kubernetes"
	kv "github.com/hashicorp/vault-plugin-secrets-kv"
	"github.com/hashicorp/vault/builtin/credential/approle"
	"github.com/hashicorp/vault/builtin/logical/transit"
	vaulthttp "github.com/hashicorp/vault/http"
	"github.com/hashicorp/vault/internalshared/configutil"
	"github.com/hashicorp/vault/sdk/helper/consts"
	"github.com/hashicorp/vault/sdk/logical"
	"github.com/hashicorp/vault/sdk/physical/inmem"
	"github.com/hashicorp/vault/vault"
	"github.com/hashicorp/vault/version"
)

var logins = map[string]logical.Factory{
	"approle":    approle.Factory,
	"jwt":        jwt.Factory,
	"oidc":       jwt.Factory,
	"kubernetes": kubernetes.Factory,
}

var engines = map[string]logical.Factory{
	"kv":      kv.Factory,
	"transit": transit.Factory,
}

func main() {
	cert := flag.String("cert", "", "PEM file of the server's certificate")
	key := flag.String("key", "", "PEM file of its key")
	clients := flag.String("client-ca", "", "PEM file of the authority that clients must show a certificate of")
	flag.Parse()
	if err := serve(*cert, *key, *clients); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve(cert, key, clients string) error {
	core, unseal, token, err := newCore()
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	address := listener.Addr().String()
	config := &configutil.Listener{Type: "tcp", Address: address, TLSDisable: cert == ""}
	server := &http.Server{Handler: vaulthttp.Handler.Handler(&vault.HandlerProperties{Core: core, ListenerConfig: config})}
	scheme := "http"
	if cert != "" {
		scheme = "https"
		settings, err := secured(cert, key, clients)
		if err != nil {
			return err
		}
		listener = tls.NewListener(listener, settings)
	}
	ready := map[string]string{
		"address": scheme + "://" + address,
		"token":   token,
		"unseal":  unseal,
		"version": version.GetVersion().VersionNumber(),
	}
	if err := json.NewEncoder(os.Stdout).Encode(ready); err != nil {
		return err
	}
	go func() {
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	return server.Serve(listener)
}

func newCore() (core *vault.Core, unseal, token string, err error) {
	logger := hclog.New(&hclog.LoggerOptions{Level: hclog.Error, Output: os.Stderr})
	storage, err := inmem.NewInmem(nil, logger)
	if err != nil {
		return nil, "", "", err
	}
	core, err = vault.NewCore(&vault.CoreConfig{
		Physical:           storage,
		LogicalBackends:    engines,
		CredentialBackends: logins,
		BuiltinRegistry:    registry{},
		DisableMlock:       true,
		Logger:             logger,
	})
	if err != nil {
		return nil, "", "", err
	}
	seal := &vault.SealConfig{SecretShares: 1, SecretThreshold: 1}
	result, err := core.Initialize(context.Background(), &vault.InitParams{BarrierConfig: seal, RecoveryConfig: seal})
	if err != nil {
		return nil, "", "", err
	}
	share := result.SecretShares[0]
	// Unseal wipes what it is given.
	unseal = hex.EncodeToString(share)
	open, err := core.Unseal(share)
	if err != nil {
		return nil, "", "", err
	}
	if !open {
		return nil, "", "", errors.New("one share did not unseal")
	}
	return core, unseal, result.RootToken, nil
}

func secured(cert, key, clients string) (*tls.Config, error) {
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return nil, err
	}
	settings := &tls.Config{Certificates: []tls.Certificate{pair}, NextProtos: []string{"h2", "http/1.1"}}
	if clients == "" {
		return settings, nil
	}
	text, err := os.ReadFile(clients)
	if err != nil {
		return nil, err
	}
	settings.ClientAuth = tls.RequireAndVerifyClientCert
	settings.ClientCAs = x509.NewCertPool()
	if !settings.ClientCAs.AppendCertsFromPEM(text) {
		return nil, errors.New("the clients' authority is no PEM certificate")
	}
	return settings, nil
}

// What Vault's catalog of plugins finds built in.
type registry struct{}

func factories(kind consts.PluginType) map[string]logical.Factory {
	switch kind {
	case consts.PluginTypeCredential:
		return logins
	case consts.PluginTypeSecrets:
		return engines
	default:
		return nil
	}
}

func (registry) Contains(name string, kind consts.PluginType) bool {
	_, found := factories(kind)[name]
	return found
}

func (registry) Get(name string, kind consts.PluginType) (func() (any, error), bool) {
	factory, found := factories(kind)[name]
	return func() (any, error) { return factory, nil }, found
}

func (registry) Keys(kind consts.PluginType) []string {
	var names []string
	for name := range factories(kind) {
		names = append(names, name)
	}
	return names
}

func (registry) DeprecationStatus(name string, kind consts.PluginType) (consts.DeprecationStatus, bool) {
	_, found := factories(kind)[name]
	return consts.Supported, found
}

func (registry) IsBuiltinEntPlugin(string, consts.PluginType) bool { return false }
