// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package hangup has programs act on SIGHUP, as servers do that read their files again.
package hangup
