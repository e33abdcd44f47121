// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package shiptest tests the container image, with a real container engine if one runs. It has only
// tests; those of the manifests are in internal/manifests.
package shiptest
