// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package testpty gives tests a pseudo terminal. It works only on Linux.
package testpty
