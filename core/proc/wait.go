package proc

import (
	"context"
	"os"
	"syscall"
	"time"
	"unsafe"
)

// Exit is how a process ended.
type Exit struct {
	Code  int  // what it exited with, or minus the signal that ended it
	Ended bool // the context was done first, so it was ended
	// Left: something it started held its output open and was left running; what that
	// prints from now on goes nowhere.
	Left bool
}

// Wait streams the process's output until it has exited. When ctx is done first, Wait
// ends the process with all that belongs to it. Processes it left running in the
// background do not keep Wait from returning. An error names processes that could not
// be ended; if the process itself is one of them, Exit.Code is -9.
func (p *Process) Wait(ctx context.Context) (Exit, error) {
	var endErr error
	over := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(over)
		if endErr = p.end(); endErr != nil && p.exit != nil {
			p.exit.SetReadDeadline(time.Now().Add(lingering)) // a polled file takes deadlines
		}
	})
	gone := p.awaitExit()
	e := Exit{Code: -int(syscall.SIGKILL), Ended: !stop()}
	if e.Ended {
		// The leader is reaped after this: until then no other process is given its number.
		<-over
	}
	for _, s := range p.streams {
		e.Left = s.finish() || e.Left
	}
	if gone {
		e.Code = p.reap()
	} else {
		go p.reap() // it dies some day, and shall not stay a zombie then
	}
	p.closeFiles()
	return e, endErr
}

// end does not follow the caller's context, which is done already: Ender has its own limits.
func (p *Process) end() error {
	err := p.spec.Ender.End(context.Background(), Target{Identity: p.Identity(), Mark: p.spec.Mark})
	if err != nil {
		syscall.Kill(-p.pid, syscall.SIGKILL) // the last thing to try, where /proc cannot be read; err says what is wrong
	}
	return err
}

// awaitExit returns once the process is a zombie, or false if waiting was given up.
func (p *Process) awaitExit() bool {
	if p.exit == nil {
		return exited(p.pid, 0)
	}
	conn, err := p.exit.SyscallConn()
	if err != nil {
		return exited(p.pid, 0)
	}
	err = conn.Read(func(uintptr) bool { return exited(p.pid, syscall.WNOHANG) })
	if os.IsTimeout(err) {
		return exited(p.pid, syscall.WNOHANG)
	}
	return err == nil || exited(p.pid, 0) // a kernel that cannot poll a pidfd
}

// exited reports whether the child pid has exited, and leaves it for reap. Without
// WNOHANG it waits.
func exited(pid, flags int) bool {
	const byPID = 1    // P_PID
	var info [32]int32 // siginfo_t; its first word is SIGCHLD once the child has exited
	for {
		_, _, errno := syscall.Syscall6(syscall.SYS_WAITID, byPID, uintptr(pid), uintptr(unsafe.Pointer(&info)),
			uintptr(syscall.WEXITED|syscall.WNOWAIT|flags), 0, 0)
		if errno != syscall.EINTR {
			return errno != 0 || info[0] != 0
		}
	}
}

// reap frees the process's number and returns its code, or minus its signal.
func (p *Process) reap() int {
	var status syscall.WaitStatus
	for {
		_, err := syscall.Wait4(p.pid, &status, 0, nil)
		if err == syscall.EINTR {
			continue
		}
		if status.Signaled() {
			return -int(status.Signal())
		}
		return status.ExitStatus()
	}
}
