// SPDX-License-Identifier: MIT

package model

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"strings"
)

// The versions of FBX files that programs of 2011 to 2020 write (7.1 to 7.7). The service converts
// these.
const (
	firstFBX = 7100
	lastFBX  = 7700
)

// inspectFBX reads the version. The geometry of an FBX file is compressed; it is not counted.
func inspectFBX(head []byte) (*Model, error) {
	var version int
	if rest, ok := bytes.CutPrefix(head, []byte(fbxBinary)); ok {
		if len(rest) < 6 || rest[0] != 0x1A || rest[1] != 0 {
			return nil, invalid("the FBX file is cut off in its header")
		}
		version = int(binary.LittleEndian.Uint32(rest[2:]))
	} else {
		var major, minor, patch int
		if _, err := fmt.Sscanf(string(head), fbxASCII+"%d.%d.%d", &major, &minor, &patch); err != nil {
			return nil, invalid("the FBX file does not say its version")
		}
		version = major*1000 + minor*100 + patch*10
	}
	if version < firstFBX || version > lastFBX {
		return nil, invalid("the FBX file is of version %d; the service converts %d to %d (2011 to 2020)",
			version, firstFBX, lastFBX)
	}
	return &Model{Format: FBX, Version: fmt.Sprintf("%d.%d", version/1000, version%1000/100)}, nil
}

// Where the header of a LAS file has what (ASPRS LAS 1.4, table 3). LAZ files have the same header;
// they set the highest bit of the point format.
const (
	lasVersion     = 24
	lasGenerator   = 58
	lasPoints      = 96
	lasPointFormat = 104
	lasPointSize   = 105
	lasLegacyCount = 107
	lasBounds      = 179
	lasHeader      = 227
	lasCount       = 247
	lasLargeHeader = 375
	lazBit         = 0x80
)

func inspectLAS(format Format, head []byte, size int64) (*Model, error) {
	if len(head) < lasHeader {
		return nil, invalid("the %s file is cut off in its header", format)
	}
	major, minor := head[lasVersion], head[lasVersion+1]
	count := uint64(binary.LittleEndian.Uint32(head[lasLegacyCount:]))
	if major == 1 && minor >= 4 {
		if len(head) < lasLargeHeader {
			return nil, invalid("the %s file is cut off in its header", format)
		}
		count = binary.LittleEndian.Uint64(head[lasCount:])
	}
	points := int64(binary.LittleEndian.Uint32(head[lasPoints:]))
	each := uint64(binary.LittleEndian.Uint16(head[lasPointSize:]))
	if points > size || major != 1 {
		return nil, invalid("the header of the %s file is damaged", format)
	}
	if head[lasPointFormat]&lazBit == 0 && (each == 0 || count > uint64(size-points)/each) {
		return nil, invalid("the %s file is cut off: it does not hold its %d points", format, count)
	}
	m := pointCloud(format, count)
	m.Version = fmt.Sprintf("%d.%d", major, minor)
	m.Generator = strings.TrimRight(string(head[lasGenerator:lasGenerator+32]), "\x00 ")
	m.Bounds = lasBox(head[lasBounds:])
	return m, nil
}

// lasBox reads the largest and smallest value of each axis.
func lasBox(values []byte) *Bounds {
	b := &Bounds{}
	for axis := range b.Min {
		b.Max[axis] = math.Float64frombits(binary.LittleEndian.Uint64(values[16*axis:]))
		b.Min[axis] = math.Float64frombits(binary.LittleEndian.Uint64(values[16*axis+8:]))
	}
	if !b.finite() {
		return nil
	}
	return b
}

// pointCloud is a model of so many points. The documentation shows no info file of a point cloud;
// points are reported as vertices, in one part without faces.
func pointCloud(format Format, points uint64) *Model {
	return &Model{Format: format, Statistics: &Statistics{
		NumMeshes: 1, NumVertices: points, NumMaterial: 1, NumNodes: 1, NumMeshUsagesInScene: 1,
	}}
}
