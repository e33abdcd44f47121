// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package shiptest tests the container image, with a real container engine if one runs: as Compose runs
// it, and as a kubelet runs the pods of contrib/kubernetes. It has only tests; those of the manifests
// themselves are in internal/manifests.
package shiptest
