// SPDX-License-Identifier: MIT

// Package model recognises the model files that the service converts, and counts what is in them.
//
// It reads as little as it can: headers, and the JSON part of a glTF. Vertex data is never loaded;
// counts come from accessors and headers. Memory does not grow with the size of a file, except for
// the arrays of a glTF (about 200 bytes for each of its parts), which are limited to 256 MB.
package model

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
)

// Format is a format of model files. The names are those of the documentation.
type Format string

// The formats that the service converts (Microsoft Learn, "Convert models for use in Azure Remote
// Rendering"): scenes of triangles and point clouds.
const (
	GLTF Format = "glTF"
	GLB  Format = "GLB"
	FBX  Format = "FBX"
	XYZ  Format = "XYZ"
	PLY  Format = "PLY"
	E57  Format = "E57"
	LAS  Format = "LAS"
	LAZ  Format = "LAZ"
)

// extensions are the file name extensions of the formats, in lower case. The service goes by them.
var extensions = map[string]Format{
	".gltf": GLTF, ".glb": GLB, ".fbx": FBX, ".xyz": XYZ, ".ply": PLY, ".e57": E57, ".las": LAS, ".laz": LAZ,
}

// Extensions lists the file name extensions of models, for texts.
const Extensions = ".fbx, .gltf, .glb, .xyz, .ply, .e57, .las, .laz"

// FormatOf returns the format that a file name promises, from its extension in any case.
func FormatOf(name string) (format Format, ok bool) {
	format, ok = extensions[strings.ToLower(path.Ext(name))]
	return format, ok
}

// PointCloud says whether files of this format hold points rather than triangles.
func (f Format) PointCloud() bool {
	return f == XYZ || f == PLY || f == E57 || f == LAS || f == LAZ
}

// Model is what Inspect finds out about a file.
type Model struct {
	Format Format
	// Version is that of the format, such as "2.0" for glTF or "7.4" for FBX. Empty if the format
	// has none.
	Version string
	// Generator is the program that wrote the file, if the file says so.
	Generator string
	// Statistics is nil where the format is recognised but not counted, which is so for FBX.
	Statistics *Statistics
	// Bounds is nil if the file does not say how large the model is.
	Bounds *Bounds
	// Buffers and Images are relative URIs of other files that a glTF needs, still escaped. Without
	// a buffer there is no model; without an image it looks different.
	Buffers, Images []string
}

// Statistics counts the parts of a model as the service counts them: the names and meanings are
// those of inputStatistics in an info file. For point clouds, points are vertices.
type Statistics struct {
	// NumMeshes is the number of parts, each of one material: primitives in a glTF.
	NumMeshes uint64
	// NumFaces and NumVertices count each part once, however often the scene shows it.
	NumFaces, NumVertices uint64
	// NumMaterial includes the default material that the service's importer adds.
	NumMaterial                               uint64
	NumFacesSmallestMesh, NumFacesBiggestMesh uint64
	// NumNodes and MaxNodeDepth include the root that the service's importer adds where a scene has
	// more than one. The depth of the root is 0.
	NumNodes, NumMeshUsagesInScene, MaxNodeDepth uint64
	// SceneFaces counts a part once for every node that shows it. It is in no info file. The limit
	// of a session's size concerns this number.
	SceneFaces uint64
}

// Bounds is the box around a model, in its own coordinates.
type Bounds struct{ Min, Max [3]float64 }

// InvalidError says why a file cannot be converted: it is of no known format, of another format
// than its name says, or damaged. Every other error of Inspect is one of reading.
type InvalidError struct {
	Reason string
}

func (e *InvalidError) Error() string { return e.Reason }

func invalid(format string, args ...any) error {
	return &InvalidError{fmt.Sprintf(format, args...)}
}

// headSize is how much of a file is looked at to tell what it is.
const headSize = 512

// Inspect recognises and counts the model of size bytes in src. name is used for its extension.
func Inspect(name string, src io.ReaderAt, size int64) (*Model, error) {
	promised, ok := FormatOf(name)
	if !ok {
		return nil, invalid("the service does not convert the extension %q, only %s", path.Ext(name), Extensions)
	}
	if size <= 0 {
		return nil, invalid("the file is empty")
	}
	head := make([]byte, min(size, headSize))
	if _, err := src.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	found := recognise(head)
	if found == LAS && promised == LAZ || found == LAZ && promised == LAS {
		found = promised // both are read by either extension
	}
	if found == "" && promised == XYZ {
		found = XYZ // which has no signature
	}
	if found == "" {
		return nil, invalid("the content is not %s", promised)
	}
	if found != promised {
		return nil, invalid("the name says %s, but the content is %s", promised, found)
	}
	return inspect(found, head, src, size)
}

func inspect(format Format, head []byte, src io.ReaderAt, size int64) (*Model, error) {
	switch format {
	case GLTF:
		return inspectGLTF(io.NewSectionReader(src, 0, size))
	case GLB:
		return inspectGLB(head, src, size)
	case FBX:
		return inspectFBX(head)
	case PLY:
		return inspectPLY(src, size)
	case E57:
		return inspectE57(head, src, size)
	case XYZ:
		return inspectXYZ(io.NewSectionReader(src, 0, size))
	default:
		return inspectLAS(format, head, size)
	}
}

const (
	glbMagic  = "glTF"
	fbxBinary = "Kaydara FBX Binary  \x00"
	fbxASCII  = "; FBX "
	plyMagic  = "ply"
	lasMagic  = "LASF"
	e57Magic  = "ASTM-E57"
	utf8BOM   = "\xEF\xBB\xBF"
)

// recognise tells a format by the beginning of a file. It returns nothing for XYZ, which is plain
// text.
func recognise(head []byte) Format {
	starts := func(signature string) bool { return bytes.HasPrefix(head, []byte(signature)) }
	switch text := bytes.TrimLeft(bytes.TrimPrefix(head, []byte(utf8BOM)), " \t\r\n"); {
	case starts(glbMagic):
		return GLB
	case starts(fbxBinary), starts(fbxASCII):
		return FBX
	case starts(plyMagic + "\n"), starts(plyMagic + "\r\n"):
		return PLY
	case starts(e57Magic):
		return E57
	case starts(lasMagic):
		if len(head) > lasPointFormat && head[lasPointFormat]&lazBit != 0 {
			return LAZ
		}
		return LAS
	case len(text) > 0 && text[0] == '{':
		return GLTF
	}
	return ""
}
