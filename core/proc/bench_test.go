package proc

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"syscall"
	"testing"
)

// The yardstick is os/exec without output or session; "exec-output" does with os/exec what Start does.

func execRaw() error { return exec.Command("/bin/true").Run() }

func execOutput() error {
	var out, errs bytes.Buffer
	cmd := exec.Command("/bin/true")
	cmd.Stdout, cmd.Stderr = &out, &errs
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	return cmd.Run()
}

func procOutput() error {
	var out, errs bytes.Buffer
	p, err := Start(Spec{Args: []string{"/bin/true"}, Env: os.Environ(), Stdout: &out, Stderr: &errs})
	if err != nil {
		return err
	}
	_, err = p.Wait(context.Background())
	return err
}

func procIdentity() error {
	p, err := Start(Spec{Args: []string{"/bin/true"}, Env: os.Environ()})
	if err != nil {
		return err
	}
	p.Identity()
	_, err = p.Wait(context.Background())
	return err
}

func BenchmarkTrue(b *testing.B) {
	for _, c := range []struct {
		name string
		run  func() error
	}{{"exec-raw", execRaw}, {"exec-output", execOutput}, {"proc-output", procOutput}, {"proc-identity", procIdentity}} {
		b.Run(c.name+"/1", func(b *testing.B) { measure(b, 0, c.run) })
		b.Run(c.name+"/16", func(b *testing.B) { measure(b, 8, c.run) })
	}
}

// measure reports processor time beside wall time: on a busy machine it is the steadier figure.
func measure(b *testing.B, perCPU int, run func() error) {
	before := cpuTime(b)
	if perCPU == 0 {
		for b.Loop() {
			if err := run(); err != nil {
				b.Fatal(err)
			}
		}
	} else {
		b.SetParallelism(perCPU)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if err := run(); err != nil {
					b.Error(err)
				}
			}
		})
	}
	b.ReportMetric(float64(cpuTime(b)-before)/1e3/float64(b.N), "cpu-µs/op")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "runs/s")
}

// cpuTime returns the nanoseconds this process and its children have used.
func cpuTime(b *testing.B) int64 {
	var sum int64
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var r syscall.Rusage
		if err := syscall.Getrusage(who, &r); err != nil {
			b.Fatal(err)
		}
		sum += r.Utime.Nano() + r.Stime.Nano()
	}
	return sum
}

func BenchmarkSurvivors(b *testing.B) {
	for b.Loop() {
		if _, err := Survivors(Target{Mark: "PROC_TEST_MARK=none"}); err != nil {
			b.Fatal(err)
		}
	}
}
