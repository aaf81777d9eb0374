// Names the programs, so that go.mod pins what they are made of.
package tools

import (
	_ "go.etcd.io/etcd/server/v3"
)
