package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A daemon is a process that serves on a port of its own until it is stopped.
type daemon struct {
	addr string
	cmd  *exec.Cmd
	log  *os.File
}

// start runs a program of the lab's, or of the system's where its name has no
// counterpart here, and returns once it takes connections. args get the address
// to listen on in place of "ADDR", or its port in place of "PORT". What it says goes to a file, as with a
// supervisor.
func (l *lab) start(ctx context.Context, program string, args ...string) (*daemon, error) {
	ports, err := freePorts(1)
	if err != nil {
		return nil, err
	}
	d := &daemon{addr: net.JoinHostPort("127.0.0.1", strconv.Itoa(ports[0]))}
	for i := range args {
		args[i] = strings.NewReplacer("ADDR", d.addr, "PORT", strconv.Itoa(ports[0])).Replace(args[i])
	}
	if own := filepath.Join(l.dir, program); exists(own) {
		program = own
	}
	if d.log, err = os.CreateTemp(l.dir, filepath.Base(program)+"-*.log"); err != nil {
		return nil, err
	}
	d.cmd = exec.CommandContext(ctx, program, args...)
	d.cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + l.dir}
	d.cmd.Dir = l.dir
	d.cmd.Stdout, d.cmd.Stderr = d.log, d.log
	if err := d.cmd.Start(); err != nil {
		return nil, errors.Join(err, d.log.Close())
	}
	err = until(ctx, func() error {
		conn, err := net.Dial("tcp", d.addr)
		if err != nil {
			return err
		}
		return conn.Close()
	})
	if err != nil {
		said, _ := os.ReadFile(d.log.Name())
		d.stop()
		return nil, fmt.Errorf("%s does not answer: %w: %s", program, err, said)
	}
	return d, nil
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

// stop kills it: nothing of it is kept.
func (d *daemon) stop() {
	_ = d.cmd.Process.Kill() // where it has ended already, that is as well
	_ = d.cmd.Wait()
	d.log.Close()
}

func (d *daemon) cpu() (time.Duration, error) { return cpuOf(d.cmd.Process.Pid) }

// cpuOf is what a process has used since it started, user and system.
func cpuOf(pid int) (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(stat), ") ") // the name before may hold anything
	const user, system, tick = 11, 12, 10 * time.Millisecond
	fields := strings.Fields(rest)
	if len(fields) <= system {
		return 0, fmt.Errorf("/proc says of a process: %q", stat)
	}
	u, err := strconv.Atoi(fields[user])
	s, err2 := strconv.Atoi(fields[system])
	return time.Duration(u+s) * tick, errors.Join(err, err2)
}

// A rack holds the daemons of a scenario.
type rack struct {
	lab     *lab
	daemons []*daemon
}

// start is [lab.start]; the rack's stop stops it.
func (r *rack) start(ctx context.Context, program string, args ...string) (*daemon, error) {
	d, err := r.lab.start(ctx, program, args...)
	if err == nil {
		r.daemons = append(r.daemons, d)
	}
	return d, err
}

// redis is [lab.startRedis]; the rack's stop stops it, after those that ask it.
func (r *rack) redis(ctx context.Context) (*redisServer, error) {
	s, err := r.lab.startRedis(ctx)
	if err == nil {
		r.daemons = append(r.daemons, s.daemon)
	}
	return s, err
}

// stop stops all, those in front first.
func (r *rack) stop() {
	for _, d := range slices.Backward(r.daemons) {
		d.stop()
	}
}
