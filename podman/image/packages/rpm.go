package packages

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"path"

	"github.com/podlint/podlint/podman"
)

// sqlite reads a table of an SQLite database that is held in memory: as much of the format as rpm's database needs.
type sqlite struct {
	data  []byte
	page  int // bytes of a page
	usage int // of them in use
	left  int // pages that may still be read: a broken database leads in circles
}

func openSQLite(data []byte) (*sqlite, error) {
	const header, wal = 100, 2
	if len(data) < header || string(data[:16]) != "SQLite format 3\x00" {
		return nil, errors.New("not an SQLite database")
	}
	page := int(binary.BigEndian.Uint16(data[16:]))
	if page == 1 {
		page = 1 << 16
	}
	db := &sqlite{data: data, page: page, usage: page - int(data[20])}
	if page < 512 || page&(page-1) != 0 || db.usage < 480 {
		return nil, errors.New("an SQLite database of an invalid page size")
	}
	db.left = 4*len(data)/page + 16
	return db, nil
}

var errBroken = errors.New("the SQLite database is damaged")

// rows visits the rows of the table whose root is a page.
func (db *sqlite) rows(number, depth int, visit func(record []byte) error) error {
	const leaf, interior, deepest = 0x0d, 0x05, 20
	if db.left--; db.left < 0 || depth > deepest || number < 1 || number*db.page > len(db.data) {
		return errBroken
	}
	page := db.data[(number-1)*db.page:][:db.page]
	head := page
	if number == 1 {
		head = page[100:]
	}
	cells := int(binary.BigEndian.Uint16(head[3:]))
	list := head[8:]
	if head[0] == interior {
		list = head[12:]
	} else if head[0] != leaf {
		return errBroken
	}
	if len(list) < 2*cells {
		return errBroken
	}
	for i := range cells {
		at := int(binary.BigEndian.Uint16(list[2*i:]))
		if at+4 > db.usage {
			return errBroken
		}
		if head[0] == interior {
			if err := db.rows(int(binary.BigEndian.Uint32(page[at:])), depth+1, visit); err != nil {
				return err
			}
			continue
		}
		record, err := db.payload(page[at:db.usage])
		if err != nil {
			return err
		}
		if err := visit(record); err != nil {
			return err
		}
	}
	if head[0] == interior {
		return db.rows(int(binary.BigEndian.Uint32(head[8:])), depth+1, visit)
	}
	return nil
}

// payload reads a cell's record, which goes on in overflow pages where it is long.
func (db *sqlite) payload(cell []byte) ([]byte, error) {
	size, n := varint(cell)
	_, m := varint(cell[n:])
	if n == 0 || m == 0 || size > uint64(len(db.data)) {
		return nil, errBroken
	}
	cell, total := cell[n+m:], int(size)
	most := db.usage - 35
	if total <= most {
		if total > len(cell) {
			return nil, errBroken
		}
		return cell[:total], nil
	}
	least := (db.usage-12)*32/255 - 23
	local := least + (total-least)%(db.usage-4)
	if local > most {
		local = least
	}
	if local+4 > len(cell) {
		return nil, errBroken
	}
	record := append(make([]byte, 0, total), cell[:local]...)
	for next := int(binary.BigEndian.Uint32(cell[local:])); len(record) < total; {
		if db.left--; db.left < 0 || next < 1 || next*db.page > len(db.data) {
			return nil, errBroken
		}
		page := db.data[(next-1)*db.page:][:db.page]
		record = append(record, page[4:][:min(db.usage-4, total-len(record))]...)
		next = int(binary.BigEndian.Uint32(page))
	}
	return record, nil
}

// varint reads SQLite's number of up to nine bytes, and how many they were, 0 for none.
func varint(data []byte) (value uint64, n int) {
	for n < len(data) && n < 9 {
		b := data[n]
		n++
		if n == 9 {
			return value<<8 | uint64(b), n
		}
		value = value<<7 | uint64(b&0x7f)
		if b < 0x80 {
			return value, n
		}
	}
	return 0, 0
}

// columns parts a record into the bytes of its columns.
func columns(record []byte) [][]byte {
	size, n := varint(record)
	if n == 0 || size > uint64(len(record)) || size < uint64(n) {
		return nil
	}
	header, body := record[n:size], record[size:]
	var list [][]byte
	for len(header) > 0 {
		kind, n := varint(header)
		if n == 0 {
			return nil
		}
		header = header[n:]
		length := uint64(0)
		switch {
		case kind >= 12:
			length = (kind - 12) / 2
		case kind < 8:
			length = []uint64{0, 1, 2, 3, 4, 6, 8, 8}[kind]
		}
		if length > uint64(len(body)) {
			return nil
		}
		list = append(list, body[:length])
		body = body[length:]
	}
	return list
}

// rpmHeaders visits the packages' headers of rpm's database.
func rpmHeaders(data []byte, visit func(header []byte) error) error {
	db, err := openSQLite(data)
	if err != nil {
		return err
	}
	root := 0
	err = db.rows(1, 0, func(record []byte) error {
		c := columns(record)
		if len(c) >= 4 && string(c[0]) == "table" && string(c[1]) == "Packages" && len(c[3]) <= 4 {
			for _, b := range c[3] {
				root = root<<8 | int(b)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if root == 0 {
		return errors.New("an SQLite database without rpm's packages")
	}
	return db.rows(root, 0, func(record []byte) error {
		c := columns(record)
		if len(c) < 2 {
			return errBroken
		}
		return visit(c[1])
	})
}

// Tags of rpm's header.
const (
	rpmName, rpmVersion, rpmRelease, rpmEpoch, rpmVendor, rpmArch = 1000, 1001, 1002, 1003, 1011, 1022
	rpmModes, rpmDigests, rpmLinks, rpmFlags, rpmSource           = 1030, 1035, 1036, 1037, 1044
	rpmDirIndexes, rpmBaseNames, rpmDirNames                      = 1116, 1117, 1118
	rpmIsConfig, rpmIsGhost                                       = 1, 64
)

// rpmHeader holds the tags of one package.
type rpmHeader struct {
	texts   map[uint32][]string
	numbers map[uint32][]uint32
}

// parseRPM reads a header: counts, an index of 16 bytes each, and the data.
func parseRPM(blob []byte) (*rpmHeader, error) {
	const intro, index = 8, 16
	wrong := errors.New("a package's header is damaged")
	if len(blob) < intro {
		return nil, wrong
	}
	entries, size := uint64(binary.BigEndian.Uint32(blob)), uint64(binary.BigEndian.Uint32(blob[4:]))
	if intro+index*entries+size > uint64(len(blob)) {
		return nil, wrong
	}
	store := blob[intro+index*entries:][:size]
	h := &rpmHeader{texts: map[uint32][]string{}, numbers: map[uint32][]uint32{}}
	for i := range entries {
		e := blob[intro+index*i:]
		tag, kind := binary.BigEndian.Uint32(e), binary.BigEndian.Uint32(e[4:])
		offset, count := uint64(binary.BigEndian.Uint32(e[8:])), uint64(binary.BigEndian.Uint32(e[12:]))
		if offset > size || count > size {
			return nil, wrong
		}
		data := store[offset:]
		const int16s, int32s, text, texts, translated = 3, 4, 6, 8, 9
		switch kind {
		case text, texts, translated:
			for range count {
				end := bytes.IndexByte(data, 0)
				if end < 0 {
					return nil, wrong
				}
				h.texts[tag] = append(h.texts[tag], string(data[:end]))
				data = data[end+1:]
			}
		case int16s, int32s:
			width := uint64(kind-int16s)*2 + 2
			if count*width > uint64(len(data)) {
				return nil, wrong
			}
			for n := range count {
				if width == 2 {
					h.numbers[tag] = append(h.numbers[tag], uint32(binary.BigEndian.Uint16(data[2*n:])))
				} else {
					h.numbers[tag] = append(h.numbers[tag], binary.BigEndian.Uint32(data[4*n:]))
				}
			}
		}
	}
	return h, nil
}

func (h *rpmHeader) text(tag uint32) string { return at(h.texts[tag], 0) }

// at returns an element, the zero value where the list is shorter.
func at[T any](list []T, i int) T {
	if i < len(list) {
		return list[i]
	}
	var none T
	return none
}

// rpm takes the packages and claims of rpm's database.
func (j *joined) rpm(files databaseFiles) bool {
	for name, e := range files {
		if path.Base(name) != "rpmdb.sqlite" {
			continue
		}
		if e.large {
			j.result.Unreadable = name + " is larger than podlint reads"
			return false
		}
		found := false
		err := rpmHeaders(e.data, func(blob []byte) error {
			h, err := parseRPM(blob)
			if err != nil {
				return err
			}
			if h.text(rpmName) == "gpg-pubkey" { // a key, which rpm keeps as if it were a package
				return nil
			}
			found = true
			j.rpmPackage(h)
			return nil
		})
		if err != nil {
			j.result.Unreadable = fmt.Sprintf("%s: %v", name, err)
			return false
		}
		if found {
			j.result.Database, j.result.DatabaseLayer = "rpm", e.layer
			return true
		}
	}
	return false
}

func (j *joined) rpmPackage(h *rpmHeader) {
	version := h.text(rpmVersion) + "-" + h.text(rpmRelease)
	if epoch := h.numbers[rpmEpoch]; len(epoch) > 0 {
		version = fmt.Sprintf("%d:%s", epoch[0], version)
	}
	number := j.add(podman.Package{Name: h.text(rpmName), Version: version, Architecture: h.text(rpmArch),
		Source: h.text(rpmSource), Maintainer: h.text(rpmVendor)}, true)
	for i, base := range h.texts[rpmBaseNames] {
		dir := at(h.texts[rpmDirNames], int(at(h.numbers[rpmDirIndexes], i)))
		const directory, format = 0o040000, 0o170000
		flags := at(h.numbers[rpmFlags], i)
		if at(h.numbers[rpmModes], i)&format == directory {
			continue
		}
		c := claim{pkg: number, config: flags&rpmIsConfig != 0, link: at(h.texts[rpmLinks], i)}
		digest, err := hex.DecodeString(at(h.texts[rpmDigests], i))
		if err == nil && flags&rpmIsGhost == 0 {
			switch len(digest) {
			case 16:
				c.kind, c.sum = 'm', string(digest)
			case 20:
				c.kind, c.sum = '1', string(digest)
			case 32:
				c.kind, c.sum = '2', string(digest)
			}
		}
		j.claim(dir+base, c)
	}
}
