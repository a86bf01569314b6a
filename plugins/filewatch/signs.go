package filewatch

import (
	"log/slog"
	"path/filepath"

	"github.com/fsnotify/fsnotify"
)

// signs are the system's hints that files changed. They only hasten: everything is also
// looked at now and then, so a system that gives none costs time and no lines.
type signs struct {
	log     *slog.Logger
	watcher *fsnotify.Watcher   // nil when the system gives none
	names   map[string][]string // triggers by the file names that are of interest
	dirs    map[string]bool     // of the names; true: being watched
}

func newSigns(log *slog.Logger) *signs {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		log.Warn("file watch: the system tells of no changes; files are looked at now and then instead", "error", err)
		w = nil
	}
	return &signs{log: log, watcher: w}
}

func (s *signs) close() {
	if s.watcher != nil {
		s.watcher.Close()
	}
}

func (s *signs) events() <-chan fsnotify.Event {
	if s.watcher == nil {
		return nil
	}
	return s.watcher.Events
}

func (s *signs) errors() <-chan error {
	if s.watcher == nil {
		return nil
	}
	return s.watcher.Errors
}

// watch makes the tails' files those of interest. Their folders are watched, which also
// tells of files that come, go and are renamed.
func (s *signs) watch(tails map[string]*tail) {
	old := s.dirs
	s.names, s.dirs = map[string][]string{}, map[string]bool{}
	for ref, t := range tails {
		s.want(ref, filepath.Clean(t.path), old)
		if target, err := filepath.EvalSymlinks(t.path); err == nil && target != filepath.Clean(t.path) {
			s.want(ref, target, old)
		}
	}
	for dir, watched := range old {
		if _, still := s.dirs[dir]; watched && !still {
			_ = s.watcher.Remove(dir) // gone already, if it fails
		}
	}
	s.renew()
}

func (s *signs) want(ref, name string, old map[string]bool) {
	s.names[name] = append(s.names[name], ref)
	dir := filepath.Dir(name)
	s.dirs[dir] = old[dir]
}

// renew watches folders that could not be watched before, and anew those that may have
// been removed and made again.
func (s *signs) renew() {
	if s.watcher == nil {
		return
	}
	for dir, watched := range s.dirs {
		err := s.watcher.Add(dir)
		if err != nil && watched {
			s.log.Debug("file watch: a folder is no longer watched", "folder", dir, "error", err)
		}
		s.dirs[dir] = err == nil
	}
}
