// The oracle answers allocation questions through the public API of the library that kube-scheduler uses.
//
// One JSON object a line on standard input, one answer a line on standard output, in order; the format is that of
// `kubectl-dra allocate --jsonl`. Additional input fields: "allocator" picks one implementation
// (stable, incubating, experimental); "repeat" asks that often and lists the distinct answers under "others".
// With -expressions the questions are about CEL expressions, see expressions.go.
// With -bench, see bench.go.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	v1 "k8s.io/api/core/v1"
	resourceapi "k8s.io/api/resource/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/dynamic-resource-allocation/cel"
	"k8s.io/dynamic-resource-allocation/structured"
)

// patience is how long one search may take; kube-scheduler gives a node 10 s as well (DRASchedulerFilterTimeout).
const patience = 10 * time.Second

var errInterrupted = errors.New("interrupted")

type deviceName struct {
	Driver, Pool, Device, ShareID string
	ConsumedCapacity              map[resourceapi.QualifiedName]resource.Quantity
}

type question struct {
	Name           string
	Features       structured.Features
	Node           v1.Node
	DeviceClasses  []*resourceapi.DeviceClass
	ResourceSlices []*resourceapi.ResourceSlice
	Allocated      struct {
		Devices            []deviceName
		SharedDeviceIDs    []deviceName
		AggregatedCapacity []deviceName
	}
	Claims    []*resourceapi.ResourceClaim
	Allocator string
	Repeat    int
}

type answer struct {
	Name    string                         `json:"name"`
	Success bool                           `json:"success"`
	Results []resourceapi.AllocationResult `json:"results"`
	Error   *string                        `json:"error"`
	Others  []answer                       `json:"others,omitempty"`
}

type classes []*resourceapi.DeviceClass

func (c classes) List() ([]*resourceapi.DeviceClass, error) { return c, nil }

func (c classes) Get(name string) (*resourceapi.DeviceClass, error) {
	for _, class := range c {
		if class.Name == name {
			return class, nil
		}
	}
	return nil, apierrors.NewNotFound(resourceapi.Resource("deviceclass"), name)
}

func allocatedState(q *question) structured.AllocatedState {
	state := structured.AllocatedState{
		AllocatedDevices:         sets.New[structured.DeviceID](),
		AllocatedSharedDeviceIDs: sets.New[structured.SharedDeviceID](),
		AggregatedCapacity:       structured.NewConsumedCapacityCollection(),
	}
	for _, d := range q.Allocated.Devices {
		state.AllocatedDevices.Insert(structured.MakeDeviceID(d.Driver, d.Pool, d.Device))
	}
	for _, d := range q.Allocated.SharedDeviceIDs {
		share := types.UID(d.ShareID)
		state.AllocatedSharedDeviceIDs.Insert(structured.MakeSharedDeviceID(structured.MakeDeviceID(d.Driver, d.Pool, d.Device), &share))
	}
	for _, d := range q.Allocated.AggregatedCapacity {
		id := structured.MakeDeviceID(d.Driver, d.Pool, d.Device)
		state.AggregatedCapacity.Insert(structured.NewDeviceConsumedCapacity(id, d.ConsumedCapacity))
	}
	return state
}

// allocate gives up after a while. The search may go on behind it, because not every implementation looks at its
// context; it ends with the process.
func allocate(ctx context.Context, allocator structured.Allocator, q *question) ([]resourceapi.AllocationResult, error) {
	type outcome struct {
		found []resourceapi.AllocationResult
		err   error
	}
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	done := make(chan outcome, 1)
	go func() {
		defer func() {
			if r := recover(); r != nil {
				done <- outcome{nil, fmt.Errorf("panic: %v", r)}
			}
		}()
		found, err := allocator.Allocate(limited, &q.Node, q.Claims)
		done <- outcome{found, err}
	}()
	select {
	case result := <-done:
		if limited.Err() == nil {
			return result.found, result.err
		}
	case <-limited.Done():
	}
	return nil, errInterrupted
}

func ask(ctx context.Context, q *question, shareID string) (result answer) {
	result = answer{Name: q.Name, Results: []resourceapi.AllocationResult{}}
	fail := func(text string) {
		result.Success = false
		result.Error = &text
	}
	defer func() {
		if r := recover(); r != nil {
			fail(fmt.Sprintf("panic: %v", r))
		}
	}()
	if q.Allocator != "" {
		structured.EnableAllocators(q.Allocator)
		defer structured.EnableAllocators()
	}
	cache := cel.NewCache(100, cel.Features{
		EnableConsumableCapacity: q.Features.ConsumableCapacity,
		EnableListTypeAttributes: q.Features.ListTypeAttributes,
	})
	allocator, err := structured.NewAllocator(ctx, q.Features, allocatedState(q), classes(q.DeviceClasses), q.ResourceSlices, cache)
	if err != nil {
		fail(err.Error())
		return result
	}
	found, err := allocate(ctx, allocator, q)
	if err != nil {
		fail(err.Error())
		return result
	}
	if found == nil && len(q.Claims) > 0 {
		return result
	}
	for i := range found {
		for j := range found[i].Devices.Results {
			if found[i].Devices.Results[j].ShareID != nil {
				share := types.UID(shareID)
				found[i].Devices.Results[j].ShareID = &share
			}
		}
	}
	result.Success = true
	result.Results = found
	return result
}

func main() {
	bench := flag.String("bench", "", "JSON description of a benchmark; see bench.go")
	shareID := flag.String("share-id", "00000000-0000-4000-8000-000000000000", "printed in place of every new share id")
	expressions := flag.Bool("expressions", false, "answer questions about expressions")
	flag.Parse()
	ctx := context.Background()
	if *bench != "" {
		if err := runBenchmark(ctx, *bench); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	reader := bufio.NewReaderSize(os.Stdin, 1<<20)
	writer := bufio.NewWriter(os.Stdout)
	encoder := json.NewEncoder(writer)
	for {
		line, err := reader.ReadBytes('\n')
		if len(bytes.TrimSpace(line)) > 0 {
			var a any
			if *expressions {
				a = answerExpression(ctx, line)
			} else {
				a = answerAllocation(ctx, line, *shareID)
			}
			if err := encoder.Encode(a); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
			writer.Flush()
		}
		if err != nil {
			if !errors.Is(err, os.ErrClosed) && err.Error() != "EOF" {
				fmt.Fprintln(os.Stderr, err)
			}
			return
		}
	}
}

func answerAllocation(ctx context.Context, line []byte, shareID string) answer {
	var q question
	if err := json.Unmarshal(line, &q); err != nil {
		text := "malformed: " + err.Error()
		return answer{Name: q.Name, Results: []resourceapi.AllocationResult{}, Error: &text}
	}
	a := ask(ctx, &q, shareID)
	seen := sets.New(text(a))
	for i := 1; i < q.Repeat; i++ {
		other := ask(ctx, &q, shareID)
		if other.Error != nil && *other.Error == errInterrupted.Error() {
			return other
		}
		if key := text(other); !seen.Has(key) {
			seen.Insert(key)
			a.Others = append(a.Others, other)
		}
	}
	return a
}

func answerExpression(ctx context.Context, line []byte) expressionAnswer {
	var q expressionQuestion
	if err := json.Unmarshal(line, &q); err != nil {
		return expressionAnswer{CompileError: "malformed: " + err.Error()}
	}
	return askExpression(ctx, &q)
}

func text(a answer) string {
	encoded, _ := json.Marshal(a)
	return string(encoded)
}
