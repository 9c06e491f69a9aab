// Package bolt keeps everything usher knows in one file, for one process, on go.etcd.io/bbolt. It is the default store.
//
// An update goes this way:
//
//	caller ──▶ queue ──▶ committer: begin ─▶ fn ─▶ fn ─▶ fn ─▶ write, fdatasync ──▶ every caller gets its answer
//	                                          │    │    │
//	                                          └────┴────┴── each with an undo log of the values that it replaced
//
// One goroutine, the committer, takes whatever updates wait and runs them one after another in one bolt transaction, so
// that they share one wait for the disk. Nobody waits for company: an update that comes alone is committed alone. When a
// function fails or panics, its own writes are put back from the undo log, and the others of the batch never notice.
//
// What a failed commit means depends on how it failed. When the disk is full before the meta page was written, nothing
// has changed: everybody in the batch gets store.ErrFull, and the next update tries again. After any other failure the
// process cannot know what a restart would find, so Options.Fatal is called to end it, and the store refuses to go on.
//
// Rows are flat: one bucket per kind of row (see buckets.go), keys in binary that sorts as the interface promises (keys.go),
// rows in a compact encoding with a version byte where every push writes them, or an import by the thousand (codec_*.go), and
// JSON elsewhere.
package bolt
