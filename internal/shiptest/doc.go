// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package shiptest tests what TamTam is shipped in beside packages: the container
// image, with a real engine where one runs, and the manifests for Compose and
// Kubernetes. It holds tests only.
package shiptest
