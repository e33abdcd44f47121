// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Empty: with an assembly file in the package, the compiler accepts the body-less
// declaration in linkname.go.
