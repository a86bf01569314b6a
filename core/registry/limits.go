package registry

// Limits bound what an archive may hold, so that a hostile one fills neither the disk nor
// the memory.
type Limits struct {
	Archive int64 // bytes of the archive itself
	Bytes   int64 // bytes it unpacks to, tar's own headers among them
	Entries int   // files and folders
	Path    int   // bytes of one path
	Ratio   int64 // bytes unpacked for each byte read, from the second MiB on
}

// DefaultLimits allow for a pack with a few large executables.
func DefaultLimits() Limits {
	return Limits{Archive: 64 << 20, Bytes: 256 << 20, Entries: 10_000, Path: 400, Ratio: 200}
}

// component is the longest name of one file or folder, in bytes: what Linux takes.
const component = 255
