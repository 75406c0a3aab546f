//! Kubernetes' own rules, checked before anything is sent.
