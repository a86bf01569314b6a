package local

import (
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// DefaultReserve is the room on disk, in bytes, below which writes are refused. It
// leaves Pebble the space to compact, which is how a full store heals.
const DefaultReserve = 128 << 20

// Options are all optional; the zero value is right for a server.
type Options struct {
	FS      vfs.FS                 // where the directory lies; the real file system if nil
	Now     func() time.Time       // the clock for delays; time.Now if nil
	Free    func() (uint64, error) // bytes free for us; asks the file system if nil
	Reserve uint64                 // DefaultReserve if 0
	Fatal   func(error)            // must end the process; logs and exits with 1 if nil
	Log     *slog.Logger           // slog.Default() if nil

	format     int         // Format, but for tests of migration
	migrations []migration // the product's, but for tests of migration
}

func (o Options) withDefaults(fs vfs.FS, dir string) Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Free == nil {
		o.Free = func() (uint64, error) {
			u, err := fs.GetDiskUsage(dir)
			return u.AvailBytes, err
		}
	}
	if o.Reserve == 0 {
		o.Reserve = DefaultReserve
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Fatal == nil {
		log := o.Log
		o.Fatal = func(err error) {
			log.Error("store failed, stopping", "error", err)
			os.Exit(1)
		}
	}
	if o.format == 0 {
		o.format, o.migrations = Format, migrations()
	}
	return o
}

// pebbleOptions tunes Pebble for one small server: little memory when idle, a bloom
// filter on every table because most guarded Puts ask for a key that does not exist, and
// cheap compression: (m) zstd on the last level took 7 % of an event's time to save a
// fifth of 650 bytes. The cache holds the memtables too, so it has to be larger than they.
func (s *Store) pebbleOptions(lock *pebble.Lock) *pebble.Options {
	o := &pebble.Options{
		FS:                          s.fs,
		Lock:                        lock,
		FormatMajorVersion:          pebble.FormatValueSeparation, // ours to raise, with Format
		CacheSize:                   48 << 20,
		MemTableSize:                8 << 20,
		MemTableStopWritesThreshold: 3,
		L0CompactionThreshold:       4,
		L0StopWritesThreshold:       24,
		LBaseMaxBytes:               64 << 20,
		MaxOpenFiles:                512,
		WALBytesPerSync:             512 << 10,
		Logger:                      pebbleLogger{s},
		EventListener:               &pebble.EventListener{DataCorruption: s.corrupted},
	}
	o.CompactionConcurrencyRange = func() (int, int) { return 1, 2 }
	o.TargetFileSizes[0] = 8 << 20
	o.Experimental.FileCacheShards = 2
	for i := range o.Levels {
		o.Levels[i].BlockSize = 8 << 10
		o.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
		o.Levels[i].Compression = func() *sstable.CompressionProfile { return sstable.SnappyCompression }
	}
	o.Levels[0].Compression = func() *sstable.CompressionProfile { return sstable.NoCompression }
	return o
}

// corrupted logs what Pebble found; the read that found it returns the error.
func (s *Store) corrupted(i pebble.DataCorruptionInfo) {
	s.o.Log.Error("store: damaged file", "path", i.Path, "error", i.Details)
}

// pebbleLogger passes Pebble's words on: its chatter at debug level, its last words to fail.
type pebbleLogger struct{ s *Store }

func (l pebbleLogger) Infof(format string, args ...any) {
	l.s.o.Log.Debug("pebble: " + fmt.Sprintf(format, args...))
}

func (l pebbleLogger) Errorf(format string, args ...any) {
	l.s.o.Log.Error("pebble: " + fmt.Sprintf(format, args...))
}

func (l pebbleLogger) Fatalf(format string, args ...any) { l.s.fail(fmt.Errorf(format, args...)) }
