// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package shiptest tests the container image, with a real container engine if one runs, and the
// manifests for Compose and Kubernetes. It has only tests.
package shiptest
