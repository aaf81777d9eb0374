// Names the programs, so that go.mod pins what they are made of.
package tools

import (
	_ "helm.sh/helm/v4/cmd/helm"
)
