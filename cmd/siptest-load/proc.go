package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// clockTick is the unit of the times in /proc/PID/stat: USER_HZ, 100 on every
// Linux that Go runs on.
const clockTick = time.Second / 100

// process is what /proc/PID/stat says.
type process struct {
	pid, parent int
	cpu         time.Duration // user and system, with children that have ended
}

// tree returns a process and its descendants.
func tree(root int) ([]process, error) {
	dirs, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	children := make(map[int][]process)
	var found []process
	for _, path := range dirs {
		p, err := readStat(path)
		if err != nil {
			continue // It has ended since.
		}
		if p.pid == root {
			found = append(found, p)
		}
		children[p.parent] = append(children[p.parent], p)
	}
	for i := 0; i < len(found); i++ {
		found = append(found, children[found[i].pid]...)
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("process %d is gone", root)
	}
	return found, nil
}

func readStat(path string) (process, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return process{}, err
	}
	// The name stands in parentheses and may hold anything.
	i, j := bytes.IndexByte(b, '('), bytes.LastIndexByte(b, ')')
	if i < 0 || j < i {
		return process{}, fmt.Errorf("%s: no name", path)
	}
	pid, err := strconv.Atoi(string(bytes.TrimSpace(b[:i])))
	if err != nil {
		return process{}, err
	}
	f := strings.Fields(string(b[j+1:]))
	if len(f) < 15 {
		return process{}, fmt.Errorf("%s: too short", path)
	}
	p := process{pid: pid}
	if p.parent, err = strconv.Atoi(f[1]); err != nil {
		return process{}, err
	}
	for _, s := range f[11:15] { // utime stime cutime cstime
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			return process{}, err
		}
		p.cpu += time.Duration(n) * clockTick
	}
	return p, nil
}

// treeCPU is the CPU time of a process and its descendants so far.
func treeCPU(root int) (time.Duration, error) {
	all, err := tree(root)
	var sum time.Duration
	for _, p := range all {
		sum += p.cpu
	}
	return sum, err
}

// treePSS is the memory of a process and its descendants, in octets, with each
// shared page counted once.
func treePSS(root int) (int64, error) {
	all, err := tree(root)
	if err != nil {
		return 0, err
	}
	var sum int64
	for _, p := range all {
		n, err := field(fmt.Sprintf("/proc/%d/smaps_rollup", p.pid), "Pss:")
		if err != nil {
			continue // It has ended since.
		}
		sum += n << 10
	}
	return sum, nil
}

// peakRSS is the largest resident set that the process itself has had.
func peakRSS(pid int) (int64, error) {
	n, err := field(fmt.Sprintf("/proc/%d/status", pid), "VmHWM:")
	return n << 10, err
}

// field reads a number out of a file of names and values.
func field(path, name string) (int64, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		if len(f) >= 2 && f[0] == name {
			return strconv.ParseInt(f[1], 10, 64)
		}
	}
	return 0, fmt.Errorf("%s: no %s", path, name)
}

// udpDrops is how many datagrams the sockets on a port did not take.
func udpDrops(port uint16) (uint64, error) {
	b, err := os.ReadFile("/proc/net/udp")
	if err != nil {
		return 0, err
	}
	var sum uint64
	suffix := fmt.Sprintf(":%04X", port)
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		if len(f) >= 13 && strings.HasSuffix(f[1], suffix) {
			n, err := strconv.ParseUint(f[12], 10, 64)
			if err != nil {
				return 0, err
			}
			sum += n
		}
	}
	return sum, nil
}
