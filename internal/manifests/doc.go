// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package manifests tests the manifests for Compose and Kubernetes and the Helm chart: it builds
// and renders them as kubectl and helm do, and checks the result with Kubernetes' own types and the
// daemon's own flags. It has only tests, and is a module of its own, so that no other module has its
// dependencies.
package manifests
