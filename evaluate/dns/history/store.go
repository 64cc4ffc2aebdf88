package history

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
	"os"
	"runtime/debug"
	"slices"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"mailaudit/evaluate/dns"
)

// Store is observations in a file. Many processes may read one, a single one may
// write it, not both at once.
type Store struct {
	db *bbolt.DB
}

var (
	bucketSights = []byte("sights")
	bucketMeta   = []byte("meta")
	keyFormat    = []byte("format")
	formatWord   = []byte("dns history 1")
)

// ErrNoStore is the error of [Open] for a file that is no store.
var ErrNoStore = errors.New("no DNS history")

// lockWait is how long a file that another process has open is waited for.
const lockWait = 2 * time.Second

// Create opens a store to add to, and makes it where there is none. The error is
// ErrNoStore for a file that is something else.
func Create(path string) (*Store, error) {
	if info, err := os.Stat(path); err == nil && info.Size() > 0 && !IsStore(path) {
		return nil, fmt.Errorf("%s: %w", path, ErrNoStore)
	}
	return open(path, false)
}

// Open opens a store to read. The error is ErrNoStore for a file that is none,
// or one of the file system.
func Open(path string) (*Store, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, err
	}
	if !IsStore(path) {
		return nil, fmt.Errorf("%s: %w", path, ErrNoStore)
	}
	return open(path, true)
}

func open(path string, readOnly bool) (*Store, error) {
	var db *bbolt.DB
	err := guarded(func() (err error) {
		db, err = openFile(path, readOnly)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &Store{db}, nil
}

func openFile(path string, readOnly bool) (*bbolt.DB, error) {
	db, err := bbolt.Open(path, 0o666, &bbolt.Options{ReadOnly: readOnly, Timeout: lockWait, NoFreelistSync: true, FreelistType: bbolt.FreelistMapType})
	switch {
	case errors.Is(err, berrors.ErrTimeout):
		return nil, fmt.Errorf("%s: in use by another process", path)
	case err != nil:
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if readOnly {
		err = db.View(checkFormat)
	} else {
		err = db.Update(prepare)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), db.Close())
	}
	return db, nil
}

func checkFormat(tx *bbolt.Tx) error {
	m := tx.Bucket(bucketMeta)
	if m == nil || !bytes.Equal(m.Get(keyFormat), formatWord) || tx.Bucket(bucketSights) == nil {
		return ErrNoStore
	}
	return nil
}

func prepare(tx *bbolt.Tx) error {
	if tx.Bucket(bucketMeta) != nil {
		return checkFormat(tx)
	}
	m, err := tx.CreateBucket(bucketMeta)
	if err != nil {
		return err
	}
	if err := m.Put(keyFormat, formatWord); err != nil {
		return err
	}
	_, err = tx.CreateBucket(bucketSights)
	return err
}

// IsStore tells whether a file has the marks of the embedded store.
func IsStore(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	var head [20]byte
	if _, err := f.ReadAt(head[:], 0); err != nil {
		return false
	}
	// The magic number of the first meta page, behind a page header of 16 bytes.
	return bytes.Equal(head[16:], []byte{0xED, 0xDA, 0x0C, 0xED}) || bytes.Equal(head[16:], []byte{0xED, 0x0C, 0xDA, 0xED})
}

// Close closes the file.
func (st *Store) Close() error { return st.db.Close() }

// guarded runs work on the mapped file: a panic, which is how the embedded store
// meets a damaged page, and a read outside the file become an error.
func guarded(work func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", errDamaged, p)
		}
	}()
	return work()
}

// Added is what [Store.Add] did.
type Added struct {
	Read    int64 // observations that came
	Changed int64 // names and types that have more to say than before
	Refused int64 // observations that no question could meet
}

// Sizes of a batch that is written at once: enough that sorting pays, little
// enough to hold.
const (
	batchCount = 200_000
	batchBytes = 128 << 20
)

// Add adds observations, merged with those that are there: adding the same again
// changes nothing. An error of the sequence ends it and is returned; what came
// before may have been kept.
func (st *Store) Add(observations iter.Seq2[Observation, error]) (Added, error) {
	var done Added
	b := batch{}
	for o, err := range observations {
		if err != nil {
			return done, errors.Join(err, st.write(&b, &done))
		}
		done.Read++
		if !o.usable() {
			done.Refused++
			continue
		}
		if b.add(&o); len(b.items) >= batchCount || b.size >= batchBytes {
			if err := st.write(&b, &done); err != nil {
				return done, err
			}
		}
	}
	return done, st.write(&b, &done)
}

// batch is observations to be written together.
type batch struct {
	items []item
	size  int
}

type item struct {
	key []byte
	seen
}

func (b *batch) add(o *Observation) {
	it := item{keyOf(make([]byte, 0, len(o.Name)+2), o.Name, o.Type), seenOf(o)}
	b.size += len(it.key) + 96
	for _, r := range o.Records {
		b.size += len(r) + 16
	}
	b.items = append(b.items, it)
}

// write writes a batch in the order of its keys, so that each page is met once.
func (st *Store) write(b *batch, done *Added) error {
	if len(b.items) == 0 {
		return nil
	}
	slices.SortStableFunc(b.items, func(x, y item) int { return bytes.Compare(x.key, y.key) })
	changed := int64(0)
	err := guarded(func() error {
		return st.db.Update(func(tx *bbolt.Tx) (err error) {
			changed, err = b.put(tx.Bucket(bucketSights))
			return err
		})
	})
	done.Changed += changed
	*b = batch{items: b.items[:0]}
	return err
}

// put merges a sorted batch into the bucket. It tells how many keys changed.
func (b *batch) put(bucket *bbolt.Bucket) (n int64, err error) {
	for rest := b.items; len(rest) > 0; {
		same := 1
		for same < len(rest) && bytes.Equal(rest[same].key, rest[0].key) {
			same++
		}
		changed, err := put(bucket, rest[:same])
		if err != nil {
			return n, err
		}
		if changed {
			n++
		}
		rest = rest[same:]
	}
	return n, nil
}

// put merges the items of one key with what the bucket has.
func put(bucket *bbolt.Bucket, items []item) (changed bool, err error) {
	old := bucket.Get(items[0].key)
	list, err := decode(old)
	if err != nil {
		return false, err
	}
	for i := range items {
		list = append(list, items[i].seen)
	}
	text := encode(nil, merge(list))
	if bytes.Equal(text, old) {
		return false, nil
	}
	return true, bucket.Put(items[0].key, text)
}

// sights implements index.
func (st *Store) sights(name string, t dns.Type) (own, aliases []seen, err error) {
	err = guarded(func() error {
		return st.db.View(func(tx *bbolt.Tx) (err error) {
			b := tx.Bucket(bucketSights)
			if own, err = get(b, name, t); err == nil && t != dns.TypeCNAME {
				aliases, err = get(b, name, dns.TypeCNAME)
			}
			return err
		})
	})
	return own, aliases, err
}

func get(b *bbolt.Bucket, name string, t dns.Type) ([]seen, error) {
	var room [256]byte
	text := b.Get(keyOf(room[:0], name, t))
	if text == nil {
		return nil, nil
	}
	return decode(text)
}

// Source returns a source over the store; closing it closes the store.
func (st *Store) Source(o Options) *Source { return newSource(st, o, st.Close) }

// All yields every observation by name and type.
func (st *Store) All() iter.Seq2[Observation, error] { return st.scan(nil) }

// OfName yields the observations of one name.
func (st *Store) OfName(name string) iter.Seq2[Observation, error] { return st.scan([]byte(name)) }

// errStop ends a walk over the store.
var errStop = errors.New("stop")

// scan yields the observations of one name, or of all.
func (st *Store) scan(name []byte) iter.Seq2[Observation, error] {
	return func(yield func(Observation, error) bool) {
		err := st.walk(name, func(o Observation) bool { return yield(o, nil) })
		if err != nil && !errors.Is(err, errStop) {
			yield(Observation{}, err)
		}
	}
}

func (st *Store) walk(name []byte, each func(Observation) bool) error {
	return st.db.View(func(tx *bbolt.Tx) error {
		c := tx.Bucket(bucketSights).Cursor()
		for key, text := c.Seek(name); key != nil && bytes.HasPrefix(key, name); key, text = c.Next() {
			if name != nil && len(key) != len(name)+2 {
				continue // a longer name
			}
			if err := eachSight(key, text, each); err != nil {
				return err
			}
		}
		return nil
	})
}

func eachSight(key, text []byte, each func(Observation) bool) error {
	list, err := decode(text)
	if err != nil {
		return err
	}
	name, t, err := splitKey(key)
	if err != nil {
		return err
	}
	for i := range list {
		if !each(list[i].observation(name, t)) {
			return errStop
		}
	}
	return nil
}

// ErrTooMany is the error of [Memory] over MaxMemory observations.
var ErrTooMany = fmt.Errorf("more than %d observations: import them into a store", MaxMemory)

// Memory returns a source over observations that are kept in memory.
func Memory(observations iter.Seq2[Observation, error], o Options) (*Source, error) {
	m, n := memory{}, 0
	for ob, err := range observations {
		if err != nil {
			return nil, err
		}
		if !ob.usable() {
			continue
		}
		if n++; n > MaxMemory {
			return nil, ErrTooMany
		}
		k := memoryKey{ob.Name, ob.Type}
		m[k] = append(m[k], seenOf(&ob))
	}
	for k, list := range m {
		m[k] = merge(list)
	}
	return newSource(m, o, nil), nil
}

var _ dns.Historian = (*Source)(nil)
