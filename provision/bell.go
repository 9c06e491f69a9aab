package provision

import "sync"

// bell wakes one who waits. The zero value is ready.
type bell struct {
	once sync.Once
	c    chan struct{}
}

func (b *bell) rings() <-chan struct{} {
	b.once.Do(func() { b.c = make(chan struct{}, 1) })
	return b.c
}

// ring never blocks.
func (b *bell) ring() {
	b.rings()
	select {
	case b.c <- struct{}{}:
	default:
	}
}
