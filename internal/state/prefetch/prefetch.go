// Package prefetch asks the processor for memory before it is needed. Who looks into many tables one after the other waits for each of them in turn;
// who asks for all of them first waits about once. Nothing is read, so what is there may be changed by others meanwhile, under any lock or none.
package prefetch

import "unsafe"

// Of asks for what p points to, and does not wait for it.
func Of[T any](p *T) {
	lines(unsafe.Pointer(p), unsafe.Sizeof(*p))
}
