// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import "time"

// A machine that has much to do may need more than a person would wait.
func init() { completeWithin = 8 * time.Second }
