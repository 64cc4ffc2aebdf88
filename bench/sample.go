package main

import (
	"bufio"
	"bytes"
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// sampleEnv tells the child how many messages to take.
const sampleEnv = "BENCH_SAMPLE"

const (
	sampleFile  = "sample.tsv"  // path, client, HELO, return path, Message-ID
	nothingFile = "nothing.tsv" // the same without messages
	zoneFile    = "zone.tsv"    // name, type, value; for programs that have no zone files
)

// sample writes messages of the archive as files for programs that are too slow
// for all of it. Sizes are what costs, and a few large messages hold most of the
// bytes: one message is taken from each of as many classes of size, so that the
// mean stays what it is.
func sample(j job) error {
	sizes, err := messageSizes(j.archive)
	if err != nil {
		return err
	}
	take := spread(sizes, j.sample)
	f, err := os.Create(filepath.Join(j.out, sampleFile))
	if err != nil {
		return err
	}
	defer f.Close()
	n, taken := -1, 0
	err = split(j.archive, func(m []byte) error {
		if n++; !take[n] {
			return nil
		}
		path := filepath.Join(j.out, fmt.Sprintf("%05d.eml", n))
		if err := os.WriteFile(path, appendCRLF(nil, m), 0o666); err != nil {
			return err
		}
		taken += len(m)
		head, _, _ := bytes.Cut(m, []byte("\n\n"))
		e := readEnvelope(head)
		ip := ""
		if e.ip != nil {
			ip = e.ip.String()
		}
		_, err := fmt.Fprintf(f, "%s\t%s\t%s\t%s\t%s\n", path, ip, e.helo, e.mailFrom, e.id)
		return err
	})
	if err != nil {
		return err
	}
	return writeZone(j)
}

// messageSizes are the sizes of all messages, bytes.
func messageSizes(path string) ([]int, error) {
	var sizes []int
	err := split(path, func(m []byte) error {
		sizes = append(sizes, len(m))
		return nil
	})
	return sizes, err
}

// spread picks n messages: in each class of size, of equally many messages, the
// one nearest to its mean.
func spread(sizes []int, n int) map[int]bool {
	order := make([]int, len(sizes))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(sizes[a], sizes[b]) })
	take := map[int]bool{}
	for c := range n {
		class := order[c*len(order)/n : (c+1)*len(order)/n]
		if len(class) == 0 {
			continue
		}
		sum := 0
		for _, i := range class {
			sum += sizes[i]
		}
		mean := sum / len(class)
		at, _ := slices.BinarySearchFunc(class, mean, func(i, m int) int { return cmp.Compare(sizes[i], m) })
		take[class[min(at, len(class)-1)]] = true
	}
	return take
}

// writeZone writes the zone one record a line.
func writeZone(j job) error {
	z, err := readZone(j.zone)
	if err != nil {
		return err
	}
	f, err := os.Create(filepath.Join(j.out, zoneFile))
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriter(f)
	for name, values := range z.txt {
		for _, v := range values {
			fmt.Fprintf(w, "%s\tTXT\t%s\n", name, v)
		}
	}
	for name, ips := range z.ip {
		for _, ip := range ips {
			kind := "A"
			if ip.To4() == nil {
				kind = "AAAA"
			}
			fmt.Fprintf(w, "%s\t%s\t%s\n", name, kind, ip)
		}
	}
	for name, mxs := range z.mx {
		for _, mx := range mxs {
			fmt.Fprintf(w, "%s\tMX\t%d %s\n", name, mx.Pref, strings.TrimSuffix(mx.Host, "."))
		}
	}
	return w.Flush()
}
