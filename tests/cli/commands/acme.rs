//! A team's application of 17 objects (web, api, worker, cron, database), and how short its reviews are.

use crate::support::Sandbox;

const TEMPLATES: [(&str, &str); 5] = [
    (
        "templates/web.yaml",
        r#"
apiVersion: v1
kind: ConfigMap
metadata: { name: nginx-conf }
data:
  nginx.conf: |
    server {
      listen 8080;
      server_tokens off;
      root /usr/share/nginx/html;
      add_header Strict-Transport-Security "max-age={{ maxAge }}" always;
      location /api/ {
        proxy_pass http://api:8080;
        proxy_read_timeout 30s;
      }
    }
---
apiVersion: v1
kind: ConfigMap
metadata: { name: web-appsettings }
data:
  appsettings.json: |
    { "Logging": { "LogLevel": { "Default": "Information" } }, "Features": { "Checkout": true } }
---
apiVersion: v1
kind: Secret
metadata: { name: web-appsettings-override }
stringData:
  appsettings.override.json: |
    { "ConnectionStrings": { "Main": "Host=postgres;Username=app;Password={{ secret(name="acme/db", key="password") | connstr }}" } }
---
apiVersion: v1
kind: Secret
metadata: { name: web-tls }
stringData: { ca: '{{ secret(name="acme/ca") }}' }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      containers:
        - name: web
          image: "acme/web:{{ tag }}"
          volumeMounts: [{ name: settings, mountPath: /settings }, { name: nginx, mountPath: /etc/nginx/conf.d }]
      volumes:
        - name: settings
          projected: { sources: [{ configMap: { name: web-appsettings } }, { secret: { name: web-appsettings-override } }] }
        - { name: nginx, configMap: { name: nginx-conf } }
        - { name: tls, secret: { secretName: web-tls } }
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { selector: { app: web }, ports: [{ port: 80, targetPort: 8080 }] }
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: web }
spec:
  rules: [{ host: acme.example.com, http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: web, port: { number: 80 } } } }] } }]
"#,
    ),
    (
        "templates/api.yaml",
        r#"
apiVersion: v1
kind: Secret
metadata: { name: api-application }
stringData:
  application.yaml: |
    spring:
      datasource:
        url: jdbc:postgresql://postgres/app
        username: app
        password: "{{ secret(name="acme/db", key="password") }}"
---
apiVersion: v1
kind: Secret
metadata: { name: api-keystore }
stringData: { password: '{{ secret(name="acme/keystore") }}' }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: api }
spec:
  selector: { matchLabels: { app: api } }
  template:
    metadata: { labels: { app: api } }
    spec:
      containers: [{ name: api, image: "acme/api:{{ tag }}", envFrom: [{ secretRef: { name: api-keystore } }] }]
      volumes: [{ name: config, secret: { secretName: api-application } }]
---
apiVersion: v1
kind: Service
metadata: { name: api }
spec: { selector: { app: api }, ports: [{ port: 8080 }] }
"#,
    ),
    (
        "templates/worker.yaml",
        r#"
apiVersion: v1
kind: Secret
metadata: { name: worker-env }
stringData:
  DB_PASSWORD: '{{ secret(name="acme/db", key="password") }}'
  STRIPE_KEY: '{{ secret(name="acme/stripe") }}'
---
apiVersion: v1
kind: ConfigMap
metadata: { name: worker-settings }
data: { LOG_LEVEL: info, QUEUE: orders }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: worker }
spec:
  selector: { matchLabels: { app: worker } }
  template:
    metadata: { labels: { app: worker } }
    spec:
      containers:
        - name: worker
          image: "acme/worker:{{ tag }}"
          envFrom: [{ secretRef: { name: worker-env } }, { configMapRef: { name: worker-settings } }]
"#,
    ),
    (
        "templates/cron.yaml",
        r#"
apiVersion: batch/v1
kind: CronJob
metadata: { name: nightly }
spec:
  schedule: "0 3 * * *"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: OnFailure
          containers: [{ name: nightly, image: "acme/worker:{{ tag }}", envFrom: [{ secretRef: { name: worker-env } }] }]
"#,
    ),
    (
        "templates/postgres.yaml",
        r"
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: postgres }
spec:
  serviceName: postgres
  selector: { matchLabels: { app: postgres } }
  template:
    metadata: { labels: { app: postgres } }
    spec:
      containers:
        - name: postgres
          image: postgres:17
          env: [{ name: POSTGRES_PASSWORD, valueFrom: { secretKeyRef: { name: worker-env, key: DB_PASSWORD } } }]
---
apiVersion: v1
kind: Service
metadata: { name: postgres }
spec: { clusterIP: None, selector: { app: postgres }, ports: [{ port: 5432 }] }
",
    ),
];

/// The application, released once.
fn acme() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.run(["init", "shop", "--bare"]).ok();
    for (path, text) in TEMPLATES {
        sandbox.write(path, text);
    }
    sandbox.write("values/dev.yaml", "tag: 1.4.2\nmaxAge: 31536000\n");
    sandbox.feed(["vault", "set", "acme/db", "--key", "password"], b"p@ss:w/ord \"x\" $y\\").ok();
    for name in ["acme/ca", "acme/keystore", "acme/stripe"] {
        sandbox.feed(["vault", "set", name], b"one").ok();
    }
    sandbox.cloze(["deploy"]).fails(0, &["release 1 recorded: 17 manifests"]);
    sandbox
}

#[test]
fn a_rotated_secret_is_read_in_fifteen_lines() {
    let sandbox = acme();
    sandbox.feed(["vault", "set", "acme/db", "--key", "password"], b"another").ok();
    let out = sandbox.cloze(["diff"]).silent().ok();
    assert!(out.lines().count() <= 15, "{} lines:\n{out}", out.lines().count());
    for line in [
        "~ default/acme/db#password  version 1 → 2  made today  used by Secret dev/api-application, Secret dev/web-appsettings-override, Secret dev/worker-env",
        "~ Secret dev/worker-env                DB_PASSWORD: default/acme/db#password@1 → @2",
        "restarts: Deployment dev/api, Deployment dev/web, Deployment dev/worker, StatefulSet dev/postgres",
    ] {
        let line = line.replace("dev/", "shop-dev/");
        assert!(out.lines().any(|found| squeezed(found) == squeezed(&line)), "{line} in\n{out}");
    }
    // On a terminal of 80 columns it is no longer.
    let shown = sandbox.on_narrow_terminal(80, ["diff"]).ends(0);
    let summary = shown.split("\r\n\r\n").next().unwrap();
    assert!(summary.contains("  used by  ") && summary.contains(" +2"), "{shown}");
    assert!(
        summary.lines().count() <= 15 && summary.lines().all(|line| !line.starts_with(['~', '+']) || line.chars().count() <= 80),
        "{shown}"
    );
}

#[test]
fn a_changed_line_of_a_file_is_a_line() {
    let sandbox = acme();
    let out = sandbox.cloze(["diff", "--set", "maxAge=600"]).silent().ok();
    assert!(out.contains("\n~ ConfigMap shop-dev/nginx-conf  nginx.conf: 1 line\n"), "{out}");
    let changed: Vec<&str> = out.lines().filter(|line| line.starts_with(['-', '+'])).collect();
    let line = |age: &str| format!("  add_header Strict-Transport-Security \"max-age={age}\" always;");
    assert_eq!(changed, [format!("-{}", line("31536000")), format!("+{}", line("600"))]);
    assert!(out.lines().count() <= 20, "{out}");
}

/// A line with one space where it has several.
fn squeezed(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}
