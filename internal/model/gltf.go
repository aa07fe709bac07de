// SPDX-License-Identifier: MIT

package model

import (
	"encoding/binary"
	"io"
	"math"
	"strings"
)

// maxMemory limits what the arrays of a glTF may take, in bytes. It is enough for a scene of half a
// million parts.
const maxMemory = 256 << 20

// What an element costs, in bytes, with what is needed to walk over it.
const (
	accessorCost  = 40
	primitiveCost = 12
	meshCost      = 48
	nodeCost      = 80
	transformCost = 48
	indexCost     = 4
	sceneCost     = 24
	stringCost    = 16
)

const (
	glbHeader    = 12
	glbChunk     = 8
	glbJSON      = 0x4E4F534A // "JSON"
	glbBIN       = 0x004E4942 // "BIN"
	dataURI      = "data:"
	noIndex      = math.MaxUint32
	modeTriangle = 4
	modeStrip    = 5
	modeFan      = 6
)

// gltf is the part of a glTF document that matters for counting.
type gltf struct {
	version, generator string
	accessors          []accessor
	primitives         []primitive
	meshes             []mesh
	nodes              []node
	children           []uint32 // of all nodes, one after the other
	transforms         []transform
	roots              [][]uint32 // of each scene
	scene              uint64
	materials          uint64
	buffers, images    []string
	binary             int64 // length of the buffer that a GLB contains, or -1

	memory int // taken so far
}

type accessor struct {
	count    uint64
	min, max [3]float32
	bounded  bool
}

type primitive struct {
	mode               uint8
	positions, indices uint32
}

// mesh is a range of primitives, and after counting, what they sum up to.
type mesh struct {
	first, end uint32
	faces      uint64
	box        accessor
}

type node struct {
	mesh, transform uint32
	first, end      uint32 // its part of children
}

func inspectGLB(head []byte, src io.ReaderAt, size int64) (*Model, error) {
	if len(head) < glbHeader+glbChunk {
		return nil, invalid("the GLB is cut off in its header")
	}
	if version := binary.LittleEndian.Uint32(head[4:]); version != 2 {
		return nil, invalid("the GLB is of version %d; the service converts version 2", version)
	}
	length := int64(binary.LittleEndian.Uint32(head[8:]))
	if length > size {
		return nil, invalid("the GLB is cut off: it has %d of %d bytes", size, length)
	}
	chunk := int64(binary.LittleEndian.Uint32(head[glbHeader:]))
	if binary.LittleEndian.Uint32(head[glbHeader+4:]) != glbJSON {
		return nil, invalid("the first chunk of the GLB is not JSON")
	}
	end := glbHeader + glbChunk + chunk
	if end > length {
		return nil, invalid("the JSON of the GLB goes beyond its end")
	}
	doc, err := readGLTF(io.NewSectionReader(src, glbHeader+glbChunk, chunk))
	if err != nil {
		return nil, err
	}
	if doc.binary >= 0 {
		if err := checkBIN(src, end, length, doc.binary); err != nil {
			return nil, err
		}
	}
	return doc.model(GLB)
}

// checkBIN checks that the chunk after the JSON holds the document's buffer, without reading it.
func checkBIN(src io.ReaderAt, offset, length, need int64) error {
	if offset+glbChunk > length {
		return invalid("the GLB has no binary chunk, but its JSON refers to one")
	}
	var head [glbChunk]byte
	if _, err := src.ReadAt(head[:], offset); err != nil {
		return err
	}
	have := int64(binary.LittleEndian.Uint32(head[:]))
	if binary.LittleEndian.Uint32(head[4:]) != glbBIN || offset+glbChunk+have > length || have < need {
		return invalid("the binary chunk of the GLB is shorter than its JSON says")
	}
	return nil
}

func inspectGLTF(r io.Reader) (*Model, error) {
	doc, err := readGLTF(r)
	if err != nil {
		return nil, err
	}
	if doc.binary >= 0 {
		return nil, invalid("a buffer of the glTF has no URI")
	}
	return doc.model(GLTF)
}

func readGLTF(r io.Reader) (*gltf, error) {
	s := newScanner(r)
	if bom, err := s.r.Peek(len(utf8BOM)); err == nil && string(bom) == utf8BOM {
		_, _ = s.r.Discard(len(utf8BOM))
	}
	doc := &gltf{binary: -1}
	if err := s.object(func(key string) error { return doc.member(s, key) }); err != nil {
		return nil, err
	}
	if err := s.end(); err != nil {
		return nil, err
	}
	if !strings.HasPrefix(doc.version, "2.") {
		return nil, invalid("the version of the glTF is %q; the service converts version 2", doc.version)
	}
	return doc, nil
}

func (d *gltf) member(s *scanner, key string) error {
	switch key {
	case "asset":
		return d.readAsset(s)
	case "accessors":
		d.accessors = nil
		return s.array(func(int) error { return d.readAccessor(s) })
	case "meshes":
		d.meshes, d.primitives = nil, nil
		return s.array(func(int) error { return d.readMesh(s) })
	case "nodes":
		d.nodes, d.children, d.transforms = nil, nil, nil
		return s.array(func(int) error { return d.readNode(s) })
	case "scenes":
		d.roots = nil
		return s.array(func(int) error { return d.readScene(s) })
	case "scene":
		return into(&d.scene)(s.count())
	case "materials":
		d.materials = 0
		return s.array(func(int) error { d.materials++; return s.skip() })
	case "buffers":
		d.buffers, d.binary = nil, -1
		return s.array(func(i int) error { return d.readBuffer(s, i) })
	case "images":
		d.images = nil
		return s.array(func(int) error { return d.readURI(s, &d.images) })
	}
	return s.skip()
}

// take accounts for memory that one more element takes.
func (d *gltf) take(bytes int) error {
	if d.memory += bytes; d.memory > maxMemory {
		return invalid("the glTF has too many nodes, primitives and accessors: more than %d MB", maxMemory>>20)
	}
	return nil
}

func (d *gltf) model(format Format) (*Model, error) {
	stats, bounds, err := d.count()
	if err != nil {
		return nil, err
	}
	return &Model{
		Format: format, Version: d.version, Generator: d.generator,
		Statistics: stats, Bounds: bounds, Buffers: d.buffers, Images: d.images,
	}, nil
}

// into returns a function that stores a value unless there is an error.
func into[T any](target *T) func(T, error) error {
	return func(value T, err error) error {
		if err == nil {
			*target = value
		}
		return err
	}
}
