package reader

import (
	"cmp"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// entry is one name in a folder.
type entry struct {
	name string
	mode fs.FileMode // its type bits
}

// listBatch is how many names one call lists.
const listBatch = 1024

// walk is the reading of one folder argument.
type walk struct {
	run   *run
	seen  map[fileID]bool // folders read
	omit  os.FileInfo     // of Options.Omit, nil where it is not there
	files int             // files and problems met
}

func (r *run) folderArgument(path string) error {
	w := &walk{run: r, seen: make(map[fileID]bool)}
	if r.opt.Omit != "" {
		w.omit, _ = os.Stat(r.opt.Omit)
	}
	if err := w.folder(path, 0, false); err != nil {
		return err
	}
	if w.files == 0 {
		return r.problem(&Problem{Source: escape(path), Offset: -1, Code: CodeEmptyInput, Detail: "no file in it"})
	}
	return nil
}

// folder reads a folder in the byte order of the names. messages tells that it
// is cur or new of a Maildir.
func (w *walk) folder(path string, depth int, messages bool) error {
	r := w.run
	r.setCurrent(path)
	info, err := os.Stat(path)
	if err != nil {
		return w.problem(path, CodeUnreadable, err)
	}
	if depth > maxDepth {
		return w.problem(path, CodeDepthLimit, errors.New("folders in each other"))
	}
	if w.omit != nil && depth > 0 && os.SameFile(info, w.omit) {
		return nil
	}
	if id, ok := identify(info); ok {
		if w.seen[id] {
			return w.problem(path, CodeAlreadyRead, errors.New("reached again through a link"))
		}
		w.seen[id] = true
	}
	list, err := list(path)
	if err != nil {
		if err := w.problem(path, CodeUnreadable, err); err != nil {
			return err
		}
	}
	k := folderKindOf(path, list)
	if k.git {
		return w.git(path)
	}
	k.messages = k.messages || messages
	for _, e := range list {
		if err := r.ctx.Err(); err != nil {
			return err
		}
		if err := w.entry(path, e, k, depth); err != nil {
			return err
		}
	}
	return nil
}

func (w *walk) problem(path, code string, err error) error {
	w.files++
	detail := err.Error()
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		detail = pe.Err.Error()
	}
	return w.run.problem(&Problem{Source: escape(path), Offset: -1, Code: code, Detail: detail, Err: err})
}

// list lists a folder in byte order. On an error it returns what came before.
func list(path string) ([]entry, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var all []entry
	for {
		batch, err := f.ReadDir(listBatch)
		for _, e := range batch {
			all = append(all, entry{e.Name(), e.Type()})
		}
		if err != nil {
			slices.SortFunc(all, func(a, b entry) int { return cmp.Compare(a.name, b.name) })
			return all, nonEOF(err)
		}
		if len(batch) == 0 {
			return all, io.ErrNoProgress
		}
	}
}

// entry reads one entry. Links are followed, as whatever reads the store does;
// a folder is read once however many links lead to it.
func (w *walk) entry(folder string, e entry, k folderKind, depth int) error {
	path := join(folder, e.name)
	mode := e.mode
	if mode&(fs.ModeSymlink|fs.ModeIrregular) != 0 {
		info, err := os.Stat(path)
		if err != nil {
			return w.problem(path, CodeUnreadable, err)
		}
		mode = info.Mode().Type()
	}
	if mode.IsDir() {
		if k.inbox && strings.HasPrefix(e.name, "xap") {
			return nil // the search index of a public-inbox
		}
		if k.maildir && e.name == "tmp" {
			return nil // not delivered yet
		}
		return w.folder(path, depth+1, k.maildir && (e.name == "cur" || e.name == "new"))
	}
	if k.ignores(e.name) {
		return nil
	}
	w.files++
	if !mode.IsRegular() {
		return w.problem(path, CodeNotRegular, errors.New(mode.String()))
	}
	at := place{format: k.format(e.name)}
	if at.format == Maildir {
		at.env.ReceivedAt, at.env.Zoned = maildirTime(e.name)
	}
	return w.run.file(path, escape(path), at)
}

func join(folder, name string) string {
	if folder != "" && os.IsPathSeparator(folder[len(folder)-1]) {
		return folder + name
	}
	return folder + string(os.PathSeparator) + name
}

// folderKind is what a folder's names say it is.
type folderKind struct {
	maildir  bool // it has cur and new
	messages bool // it is cur or new
	mh       bool
	cyrus    bool
	git      bool // a bare repository
	inbox    bool // a public-inbox, layout v2
}

func folderKindOf(path string, list []entry) folderKind {
	var k folderKind
	has := func(name string) bool {
		_, ok := slices.BinarySearchFunc(list, name, func(e entry, n string) int { return cmp.Compare(e.name, n) })
		return ok
	}
	k.maildir = has("cur") && (has("new") || has("tmp")) || has("new") && has("tmp")
	k.mh = has(".mh_sequences") || has(".xmhcache") || has(".mew-summary")
	k.git = has("HEAD") && has("objects") && has("refs")
	k.inbox = has("git") && has("inbox.lock")
	k.cyrus = has("cyrus.header") || has("cyrus.index")
	if base := baseName(path); base == "cur" || base == "new" {
		k.messages = len(list) > 0 && !maildirName(list[0].name).IsZero()
	}
	return k
}

// format is what a name in the folder says of the file.
func (k folderKind) format(name string) Format {
	n := digits([]byte(name))
	switch {
	case k.messages:
		return Maildir
	case k.mh && n == len(name):
		return MH
	case k.cyrus && n > 0 && name[n:] == ".":
		return EML
	}
	return Auto
}

// ignores tells whether a file is a mail program's own book-keeping, which no
// one misses: indexes, locks, lists of subscriptions.
func (k folderKind) ignores(name string) bool {
	switch name {
	case ".DS_Store", "Thumbs.db", "desktop.ini", ".mh_sequences", ".xmhcache", ".mew-summary", ".mew-mtime",
		"maildirfolder", "maildirsize", "subscriptions", ".subscriptions", ".uidvalidity", ".customflags":
		return true
	}
	for _, prefix := range []string{"dovecot.", "dovecot-", ".dovecot", "courierimap", "cyrus.", ".imap", "._"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	if k.inbox && (strings.HasPrefix(name, "msgmap.") || strings.HasPrefix(name, "over.")) {
		return true
	}
	if k.mh && strings.HasPrefix(name, ",") {
		return true // deleted, kept for a while
	}
	return !k.messages && (strings.HasSuffix(name, ".lock") || strings.HasSuffix(name, ".msf"))
}

// maildirTime is the delivery time in a Maildir file name: seconds since 1970,
// with microseconds where the middle part has an M.
func maildirTime(name string) (time.Time, bool) {
	t := maildirName(name)
	return t, !t.IsZero()
}

func maildirName(name string) time.Time {
	seconds, rest, ok := strings.Cut(name, ".")
	n, err := strconv.ParseInt(seconds, 10, 64)
	// Before 2106, as deliverers fill the name with other numbers too.
	if !ok || err != nil || n <= 0 || n >= 1<<32 || digits([]byte(seconds)) != len(seconds) {
		return time.Time{}
	}
	var micro int64
	if strings.HasPrefix(rest, "M") {
		if d := digits([]byte(rest[1:])); d > 0 && d <= 6 {
			micro = int64(atoi([]byte(rest[1 : 1+d])))
		}
	}
	return time.UnixMicro(n*1e6 + micro).UTC()
}
