// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package webtest tests the status page in a real browser with real daemons. It has only tests,
// and is a module of its own outside the workspace, so that no other module depends on the
// browser's driver. The tests need Chromium or Chrome, or the browser in TAMTAM_BROWSER, and
// are skipped without one.
package webtest
