package wasm

// workers are goroutines that serve one request after another: they keep the stack that a
// new goroutine would have to grow each time.
type workers struct {
	jobs chan func()
	kept chan struct{} // one for each that stays
	quit chan struct{}
}

func newWorkers(most int) workers {
	return workers{jobs: make(chan func()), kept: make(chan struct{}, most), quit: make(chan struct{})}
}

// do has a worker run job; there always is one.
func (w workers) do(job func()) {
	select {
	case w.jobs <- job:
	default:
		go w.run(job)
	}
}

// run does one job after another, unless enough others have stayed for the next.
func (w workers) run(job func()) {
	job()
	select {
	case w.kept <- struct{}{}:
	default:
		return
	}
	for {
		select {
		case job := <-w.jobs:
			job()
		case <-w.quit:
			return
		}
	}
}

// close ends the workers once they are idle.
func (w workers) close() { close(w.quit) }
