// SPDX-License-Identifier: MIT

package model

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/xml"
	"errors"
	"io"
	"strconv"
	"strings"
)

const (
	maxPLYHeader = 64 << 10
	maxXYZLine   = 4 << 10
	checkedLines = 1000 // of an XYZ file; the others are only counted
	maxE57XML    = 64 << 20
	maxE57Page   = 1 << 20
	e57Header    = 48
)

// plySizes are the bytes that the scalar types of a PLY file take.
var plySizes = map[string]uint64{
	"char": 1, "uchar": 1, "int8": 1, "uint8": 1, "short": 2, "ushort": 2, "int16": 2, "uint16": 2,
	"int": 4, "uint": 4, "int32": 4, "uint32": 4, "float": 4, "float32": 4, "double": 8, "float64": 8,
}

// ply is what the header of a PLY file says.
type ply struct {
	format   string
	element  string
	vertices uint64
	stride   uint64 // of a vertex
	lists    bool   // a vertex has lists: its size varies
}

func inspectPLY(src io.ReaderAt, size int64) (*Model, error) {
	var p ply
	header := int64(0)
	lines := bufio.NewReader(io.NewSectionReader(src, 0, min(size, maxPLYHeader)))
	for {
		line, err := lines.ReadString('\n')
		if errors.Is(err, io.EOF) {
			return nil, invalid("the header of the PLY file has no end")
		}
		if err != nil {
			return nil, err
		}
		header += int64(len(line))
		fields := strings.Fields(line)
		if len(fields) > 0 && fields[0] == "end_header" {
			break
		}
		if err := p.line(fields); err != nil {
			return nil, err
		}
	}
	if p.format != "binary_little_endian" {
		return nil, invalid("the PLY file is %s; the service converts binary_little_endian", p.format)
	}
	if p.stride == 0 && !p.lists || p.vertices == 0 {
		return nil, invalid("the PLY file has no vertices")
	}
	if !p.lists && p.vertices > uint64(size-header)/p.stride {
		return nil, invalid("the PLY file is cut off: it does not hold its %d vertices", p.vertices)
	}
	m := pointCloud(PLY, p.vertices)
	m.Version = "1.0"
	return m, nil
}

func (p *ply) line(fields []string) error {
	switch {
	case len(fields) >= 2 && fields[0] == "format":
		p.format = fields[1]
	case len(fields) == 3 && fields[0] == "element":
		count, err := strconv.ParseUint(fields[2], 10, 63)
		if err != nil {
			return invalid("the PLY file has a damaged count of elements")
		}
		if p.element = fields[1]; p.element == "vertex" {
			p.vertices = count
		}
	case len(fields) >= 3 && fields[0] == "property" && p.element == "vertex":
		size, ok := plySizes[fields[1]]
		if !ok && fields[1] != "list" {
			return invalid("the PLY file has a property of an unknown type")
		}
		p.stride += size
		p.lists = p.lists || !ok
	}
	return nil
}

// inspectXYZ counts lines of at least three numbers, separated by white space, commas or
// semicolons.
func inspectXYZ(r io.Reader) (*Model, error) {
	lines := bufio.NewReaderSize(r, 64<<10)
	var points, number uint64
	for {
		line, err := lines.ReadSlice('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			if errors.Is(err, bufio.ErrBufferFull) {
				return nil, invalid("a line of the XYZ file is longer than %d bytes", maxXYZLine)
			}
			return nil, err
		}
		number++
		if line = bytes.TrimSpace(line); len(line) > 0 && line[0] != '#' && line[0] != '/' {
			if number <= checkedLines && !isPoint(line) {
				return nil, invalid("line %d of the XYZ file is not a point", number)
			}
			points++
		}
		if err != nil {
			break
		}
	}
	if points == 0 {
		return nil, invalid("the XYZ file has no points")
	}
	return pointCloud(XYZ, points), nil
}

func isPoint(line []byte) bool {
	if len(line) > maxXYZLine {
		return false
	}
	fields := strings.FieldsFunc(string(line), func(r rune) bool {
		return r == ' ' || r == '\t' || r == ',' || r == ';'
	})
	if len(fields) < 3 {
		return false
	}
	for _, field := range fields[:3] {
		if _, err := strconv.ParseFloat(field, 64); err != nil {
			return false
		}
	}
	return true
}

// inspectE57 reads the XML part, which is near the end of the file and says how many points each
// scan has (ASTM E2807).
func inspectE57(head []byte, src io.ReaderAt, size int64) (*Model, error) {
	if len(head) < e57Header {
		return nil, invalid("the E57 file is cut off in its header")
	}
	u64 := func(at int) uint64 { return binary.LittleEndian.Uint64(head[at:]) }
	offset, length, page := u64(24), u64(32), u64(40)
	if u64(16) > uint64(size) || offset >= uint64(size) || page < 8 || page > maxE57Page {
		return nil, invalid("the E57 file is cut off, or its header is damaged")
	}
	if length > maxE57XML {
		return nil, invalid("the XML of the E57 file is longer than %d MB", maxE57XML>>20)
	}
	pages := &e57Pages{src: io.NewSectionReader(src, int64(offset), size-int64(offset))}
	pages.page, pages.left = int64(page), int64(page-4-offset%page)
	if offset%page > page-4 {
		return nil, invalid("the header of the E57 file is damaged")
	}
	m, err := readE57(io.LimitReader(pages, int64(length)))
	if err == nil {
		m.Version = strconv.Itoa(int(binary.LittleEndian.Uint32(head[8:]))) + "." +
			strconv.Itoa(int(binary.LittleEndian.Uint32(head[12:])))
	}
	return m, err
}

// e57Pages reads an E57 file without the checksums that end each of its pages.
type e57Pages struct {
	src        io.Reader
	page, left int64
}

func (p *e57Pages) Read(buf []byte) (int, error) {
	if p.left == 0 {
		var sum [4]byte
		if _, err := io.ReadFull(p.src, sum[:]); err != nil {
			return 0, err
		}
		p.left = p.page - 4
	}
	n, err := p.src.Read(buf[:min(int64(len(buf)), p.left)])
	p.left -= int64(n)
	return n, err
}

// sourceError marks errors of reading, for encoding/xml mixes them with its own.
type sourceError struct{ error }

type markingReader struct{ io.Reader }

func (r markingReader) Read(buf []byte) (int, error) {
	n, err := r.Reader.Read(buf)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		err = sourceError{err}
	}
	return n, err
}

func readE57(r io.Reader) (*Model, error) {
	var points uint64
	scans := 0
	for decoder := xml.NewDecoder(markingReader{r}); ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if failed, ok := errors.AsType[sourceError](err); ok {
			return nil, failed.error
		}
		if err != nil {
			return nil, invalid("the XML of the E57 file is damaged")
		}
		element, ok := token.(xml.StartElement)
		if !ok || element.Name.Local != "points" {
			continue
		}
		for _, attribute := range element.Attr {
			if attribute.Name.Local == "recordCount" {
				count, err := strconv.ParseUint(attribute.Value, 10, 63)
				if err != nil {
					return nil, invalid("the E57 file has a damaged count of points")
				}
				add(&points, count)
				scans++
			}
		}
	}
	if scans == 0 {
		return nil, invalid("the E57 file has no points")
	}
	m := pointCloud(E57, points)
	m.Statistics.NumMeshes, m.Statistics.NumMeshUsagesInScene = uint64(scans), uint64(scans)
	return m, nil
}
