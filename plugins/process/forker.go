package process

import (
	"os/exec"
	"runtime"
	"sync"
	"syscall"
)

// forker starts processes that the kernel kills when this one dies. It takes the end of
// the thread that forked for the end of the process, so all are forked on one thread,
// held for as long as one of them lives.
type forker struct {
	mu    sync.Mutex
	alive int
	jobs  chan func()
}

// start starts cmd as the leader of a session of its own. ended is to be called once
// after it has been waited for.
func (f *forker) start(cmd *exec.Cmd) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
	f.mu.Lock()
	if f.alive++; f.alive == 1 {
		f.jobs = make(chan func())
		go holdThread(f.jobs)
	}
	jobs := f.jobs
	f.mu.Unlock()
	started := make(chan error)
	jobs <- func() { started <- cmd.Start() }
	err := <-started
	if err != nil {
		f.ended()
	}
	return err
}

func (f *forker) ended() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.alive--; f.alive == 0 {
		close(f.jobs)
	}
}

func holdThread(jobs <-chan func()) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for job := range jobs {
		job()
	}
}
