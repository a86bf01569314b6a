package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// roomy is the free space below which the doctor warns: the store refuses writes at 128 MiB.
const roomy = 512 << 20

// directory looks at the data directory and the room it has.
func (d *doctor) directory() {
	info, err := os.Stat(d.cfg.Data)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		d.well("data", "%s does not exist yet; the first start makes it", d.cfg.Data)
	case err != nil:
		d.fault("data", err.Error(), "let the user of the server read "+d.cfg.Data)
		return
	case !info.IsDir():
		d.fault("data", d.cfg.Data+" is no directory", "name another with --data")
		return
	case info.Mode().Perm()&0o077 != 0:
		d.fault("data", fmt.Sprintf("others on this machine can look into %s (mode %04o)", d.cfg.Data, info.Mode().Perm()), "chmod 700 "+d.cfg.Data)
	default:
		d.well("data", "%s, mode %04o", d.cfg.Data, info.Mode().Perm())
	}
	d.room()
}

func (d *doctor) room() {
	dir := d.cfg.Data
	for {
		if _, err := os.Stat(dir); err == nil || dir == filepath.Dir(dir) {
			break
		}
		dir = filepath.Dir(dir)
	}
	var at syscall.Statfs_t
	if err := syscall.Statfs(dir, &at); err != nil {
		d.unseen("disk", "the free space of %s cannot be read: %v", dir, err)
		return
	}
	free := int64(at.Bavail) * at.Bsize
	if free < roomy {
		d.fault("disk", fmt.Sprintf("nearly full: %d MiB are free in %s; at 128 MiB new events are refused", free>>20, dir),
			"free some space there, or move the data directory to a larger disk")
		return
	}
	d.well("disk", "%.1f GiB are free in %s", float64(free)/(1<<30), dir)
}

// files looks at who can read what only the server should.
func (d *doctor) files() {
	private := map[string]string{
		"accounts": d.cfg.htpasswd(), "seal key": d.cfg.sealKey(), "TLS key": d.cfg.TLS.Key, "SSH key": d.cfg.SSH.KeyFile,
	}
	for _, what := range []string{"accounts", "seal key", "TLS key", "SSH key"} {
		path := private[what]
		if path == "" {
			continue
		}
		info, err := os.Stat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist) && (what == "accounts" || what == "seal key"):
			// the first start makes it
		case err != nil:
			d.fault(what, err.Error(), "put the file there, readable by the server's user, or name another in the configuration")
		case info.Mode().Perm()&0o077 != 0:
			d.fault(what, fmt.Sprintf("%s can be read by others on this machine (mode %04o)", path, info.Mode().Perm()), "chmod 600 "+path)
		default:
			d.well(what, "%s, mode %04o", path, info.Mode().Perm())
		}
	}
}

// port looks at the address to listen on, and reports whether a Petrel answers there.
func (d *doctor) port(ctx context.Context) bool {
	if !d.cfg.has(roleAPI) {
		return false
	}
	l, err := net.Listen("tcp", d.cfg.Listen)
	if err == nil {
		_ = l.Close()
		d.well("port", "%s is free", d.cfg.Listen)
		return false
	}
	if errors.Is(err, syscall.EADDRINUSE) && d.petrelAnswers(ctx) {
		d.well("port", "a Petrel server answers at %s", d.cfg.Listen)
		return true
	}
	told := err.Error()
	if errors.Is(err, syscall.EADDRINUSE) {
		told = d.cfg.Listen + " is taken by another program"
	}
	d.fault("port", told, "end what listens there (ss -ltnp shows it), or choose another address with --listen")
	return false
}

func (d *doctor) petrelAnswers(ctx context.Context) bool {
	var health struct {
		Server string `json:"server"`
	}
	return d.ask(ctx, "/healthz", &health) == nil && health.Server == "petrel"
}

// url is where a running server would be.
func (d *doctor) url() string {
	if d.cfg.TLS.Cert != "" {
		return "https://" + d.cfg.Listen
	}
	return "http://" + d.cfg.Listen
}

const askFor = 5 * time.Second

// ask gets a document from a running server.
func (d *doctor) ask(ctx context.Context, path string, out any) error {
	ctx, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.url()+path, nil)
	if err != nil {
		return err
	}
	if d.token != "" {
		req.Header.Set("X-Auth-Token", d.token)
	}
	return fetchJSON(req, d.cfg.TLS.Cert, out)
}
