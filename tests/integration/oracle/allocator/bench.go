package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"syscall"
	"time"

	v1 "k8s.io/api/core/v1"
	resourceapi "k8s.io/api/resource/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/dynamic-resource-allocation/cel"
	"k8s.io/dynamic-resource-allocation/structured"
	"k8s.io/utils/ptr"
)

// benchmark describes a cluster of equal nodes and a row of pods that want devices.
type benchmark struct {
	Nodes   int
	Devices int
	Pods    int
	// Workload: "a" one GPU by CEL, "b" four GPUs, "c" two GPUs of one model.
	Workload string
	// Mode: "first" asks nodes until one fits, "all" asks every node, "empty" and "full" ask one node again and again.
	Mode string
	// Seconds of processor time after which it stops with the pods done so far.
	Seconds float64
}

func nodeName(i int) string { return fmt.Sprintf("node-%05d", i) }

func cluster(b benchmark) ([]*v1.Node, []*resourceapi.ResourceSlice) {
	var nodes []*v1.Node
	var slices []*resourceapi.ResourceSlice
	for i := range b.Nodes {
		model := []string{"A100", "H100"}[i%2]
		nodes = append(nodes, &v1.Node{ObjectMeta: metav1.ObjectMeta{Name: nodeName(i)}})
		slice := &resourceapi.ResourceSlice{
			ObjectMeta: metav1.ObjectMeta{Name: nodeName(i) + "-gpus"},
			Spec: resourceapi.ResourceSliceSpec{
				Driver:   "gpu.example.com",
				NodeName: ptr.To(nodeName(i)),
				Pool:     resourceapi.ResourcePool{Name: nodeName(i), Generation: 1, ResourceSliceCount: 1},
			},
		}
		for j := range b.Devices {
			slice.Spec.Devices = append(slice.Spec.Devices, resourceapi.Device{
				Name: fmt.Sprintf("gpu-%d", j),
				Attributes: map[resourceapi.QualifiedName]resourceapi.DeviceAttribute{
					"uuid":          {StringValue: ptr.To(fmt.Sprintf("gpu-%05d-%d", i, j))},
					"model":         {StringValue: ptr.To(model)},
					"index":         {IntValue: ptr.To(int64(j))},
					"driverVersion": {VersionValue: ptr.To("1.0.0")},
				},
				Capacity: map[resourceapi.QualifiedName]resourceapi.DeviceCapacity{"memory": {Value: resource.MustParse("80Gi")}},
			})
		}
		slices = append(slices, slice)
	}
	return nodes, slices
}

func class() *resourceapi.DeviceClass {
	return &resourceapi.DeviceClass{
		ObjectMeta: metav1.ObjectMeta{Name: "gpu.example.com"},
		Spec: resourceapi.DeviceClassSpec{Selectors: []resourceapi.DeviceSelector{
			{CEL: &resourceapi.CELDeviceSelector{Expression: "device.driver == 'gpu.example.com'"}},
		}},
	}
}

func claim(b benchmark) *resourceapi.ResourceClaim {
	exactly := &resourceapi.ExactDeviceRequest{
		DeviceClassName: "gpu.example.com", AllocationMode: resourceapi.DeviceAllocationModeExactCount, Count: 1,
	}
	devices := resourceapi.DeviceClaim{Requests: []resourceapi.DeviceRequest{{Name: "gpu", Exactly: exactly}}}
	switch b.Workload {
	case "a":
		exactly.Selectors = []resourceapi.DeviceSelector{{CEL: &resourceapi.CELDeviceSelector{
			Expression: "device.attributes['gpu.example.com'].model == 'H100' && " +
				"device.capacity['gpu.example.com'].memory.compareTo(quantity('40Gi')) >= 0",
		}}}
	case "b":
		exactly.Count = 4
	case "c":
		exactly.Count = 2
		attribute := resourceapi.FullyQualifiedName("gpu.example.com/model")
		devices.Constraints = []resourceapi.DeviceConstraint{{MatchAttribute: &attribute}}
	}
	return &resourceapi.ResourceClaim{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "claim"},
		Spec:       resourceapi.ResourceClaimSpec{Devices: devices},
	}
}

// defaults are the feature gates of 1.37.
var defaults = structured.Features{
	AdminAccess: true, PrioritizedList: true, PartitionableDevices: true, DeviceTaints: true,
	DeviceBindingAndStatus: true, ConsumableCapacity: true, FractionalCapacityRange: true,
}

func runBenchmark(ctx context.Context, description string) error {
	var b benchmark
	if err := json.Unmarshal([]byte(description), &b); err != nil {
		return err
	}
	nodes, slices := cluster(b)
	classes := classes{class()}
	claims := []*resourceapi.ResourceClaim{claim(b)}
	cache := cel.NewCache(100, cel.Features{EnableConsumableCapacity: true})
	allocated := sets.New[structured.DeviceID]()
	if b.Mode == "full" {
		for j := range b.Devices {
			allocated.Insert(structured.MakeDeviceID("gpu.example.com", nodeName(1), fmt.Sprintf("gpu-%d", j)))
		}
	}
	state := func() structured.AllocatedState {
		return structured.AllocatedState{
			AllocatedDevices: allocated, AllocatedSharedDeviceIDs: sets.New[structured.SharedDeviceID](),
			AggregatedCapacity: structured.NewConsumedCapacityCollection(),
		}
	}
	if b.Mode == "empty" || b.Mode == "full" {
		allocator, err := structured.NewAllocator(ctx, defaults, state(), classes, slices, cache)
		if err != nil {
			return err
		}
		start := processorTime()
		for range b.Pods {
			if _, err := allocator.Allocate(ctx, nodes[1], claims); err != nil {
				return err
			}
		}
		return report(b.Pods, b.Pods, processorTime()-start)
	}
	placed, done := 0, 0
	start := processorTime()
	for range b.Pods {
		allocator, err := structured.NewAllocator(ctx, defaults, state(), classes, slices, cache)
		if err != nil {
			return err
		}
		var chosen []resourceapi.AllocationResult
		for _, node := range nodes {
			found, err := allocator.Allocate(ctx, node, claims)
			if err != nil {
				return err
			}
			if found == nil {
				continue
			}
			if chosen == nil {
				chosen = found
			}
			if b.Mode == "first" {
				break
			}
		}
		if chosen != nil {
			placed++
			for _, result := range chosen[0].Devices.Results {
				allocated.Insert(structured.MakeDeviceID(result.Driver, result.Pool, result.Device))
			}
		}
		done++
		if b.Seconds > 0 && (processorTime()-start).Seconds() > b.Seconds {
			break
		}
	}
	return report(done, placed, processorTime()-start)
}

func report(done, placed int, took time.Duration) error {
	return json.NewEncoder(os.Stdout).Encode(map[string]any{"pods": done, "placed": placed, "seconds": took.Seconds()})
}

// processorTime is what this process used so far: on a busy machine the clock measures the others.
func processorTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
