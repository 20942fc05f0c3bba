// Package cputime measures what work costs where others are busy on the machine too: by the processor time of this process, in which they have no part.
package cputime

import (
	"syscall"
	"time"
)

// Used is the processor time that this process has used so far, its own and the kernel's for it (getrusage(2)).
func Used() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0 // it fails for a wrong pointer alone
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
