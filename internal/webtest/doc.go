// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package webtest tests the status page in a real browser, on real daemons. It is a module
// of its own outside the workspace, so that what drives the browser is its own, and holds
// nothing but tests. They need Chromium or Chrome, and are skipped without, unless
// TAMTAM_BROWSER names one.
package webtest
