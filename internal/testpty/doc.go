// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package testpty gives tests a terminal that nobody looks at. It is known only to Linux.
package testpty
