"""Fields of resource.k8s.io: v1 of Kubernetes 1.37, and v1alpha2 of 1.30 (the notation of ``schema``)."""

MODERN_PODS = """
PodResourceClaim: name podGroupResourceClaim resourceClaimName resourceClaimTemplateName
ContainerClaim: name request
"""

CLASSIC_PODS = """
PodResourceClaim: name source=ClaimSource
ClaimSource: resourceClaimName resourceClaimTemplateName
ContainerClaim: name
"""
"""How pods name their claims: core/v1 differs between the generations."""

MODERN = """
ResourceSlice: apiVersion kind metadata=ObjectMeta spec=SliceSpec
SliceSpec: allNodes=b devices=[Device] driver nodeName nodeSelector=NodeSelector! partitionTypeAttribute
 perDeviceNodeSelection=b pool=Pool sharedCounters=[CounterSet] skipNodeOperations=[s]
Pool: generation=i name resourceSliceCount=i
NodeSelector: nodeSelectorTerms=[NodeSelectorTerm]
NodeSelectorTerm: matchExpressions=[SelectorRequirement] matchFields=[SelectorRequirement]
CounterSet: counters=<Counter> name
Counter: value=q
Device: allNodes=b allowMultipleAllocations=b attributes=<Attribute> bindingConditions=[s] bindingFailureConditions=[s]
 bindsToNode=b capacity=<Capacity> consumesCounters=[CounterConsumption] name nodeAllocatableResourceMappings=<*>
 nodeAllocatableResources=<*> nodeName nodeSelector=NodeSelector! taints=[DeviceTaint]
Attribute: bool=b bools=[b] int=i ints=[i] string strings=[s] version versions=[s]
Capacity: requestPolicy=RequestPolicy value=q
RequestPolicy: default=q validRange=RequestRange validValues=[q]
RequestRange: max=q min=q step=q
CounterConsumption: compatibilityGroups=[s] counterSet counters=<Counter>
DeviceTaint: effect key timeAdded value
DeviceClass: apiVersion kind metadata=ObjectMeta spec=ClassSpec
ClassSpec: config=[ClassConfig] extendedResourceName selectors=[DeviceSelector]
ClassConfig: opaque=Opaque
Opaque: driver parameters=*
DeviceSelector: cel=CelSelector
CelSelector: expression
ResourceClaim: apiVersion kind metadata=ObjectMeta spec=ClaimSpec status=ClaimStatus
ClaimSpec: devices=DeviceClaim
DeviceClaim: config=[ClaimConfig] constraints=[Constraint] requests=[DeviceRequest]
ClaimConfig: opaque=Opaque requests=[s]
Constraint: distinctAttribute matchAttribute requests=[s]
DeviceRequest: exactly=ExactRequest firstAvailable=[SubRequest] name
ExactRequest: adminAccess=b allocationMode capacity=CapacityRequirements count=i derivedAttributes=[DerivedAttribute]
 deviceClassName selectors=[DeviceSelector] tolerations=[DeviceToleration]
SubRequest: allocationMode capacity=CapacityRequirements count=i derivedAttributes=[DerivedAttribute] deviceClassName
 name selectors=[DeviceSelector] tolerations=[DeviceToleration]
CapacityRequirements: requests=<q>
DerivedAttribute: expression name
DeviceToleration: effect key operator tolerationSeconds=i value
ClaimStatus: allocation=Allocation devices=[DeviceStatus]{driver,device,pool,shareID|} reservedFor=[Consumer]{uid}
Allocation: allocationTimestamp devices=AllocatedDevices nodeSelector=NodeSelector!
AllocatedDevices: config=[AllocatedConfig] results=[AllocatedDevice]
AllocatedConfig: opaque=Opaque requests=[s] source
AllocatedDevice: adminAccess=b bindingConditions=[s] bindingFailureConditions=[s] consumedCapacity=<q> device driver
 pool request shareID skipNodeOperations=[s] tolerations=[DeviceToleration]
Consumer: apiGroup name resource uid
DeviceStatus: conditions=[Condition]{type|} data=*! device driver networkData=NetworkData pool shareID
NetworkData: hardwareAddress interfaceName ips=[s]
ResourceClaimTemplate: apiVersion kind metadata=ObjectMeta spec=ClaimTemplateSpec
ClaimTemplateSpec: metadata=ObjectMeta spec=ClaimSpec
DeviceTaintRule: apiVersion kind metadata=ObjectMeta spec=TaintRuleSpec status=TaintRuleStatus
TaintRuleSpec: deviceSelector=TaintSelector taint=DeviceTaint
TaintSelector: device driver pool
TaintRuleStatus: conditions=[Condition]{type}
"""

CLASSIC = """
ResourceClass: apiVersion kind metadata=ObjectMeta driverName parametersRef=ClassParametersReference
 structuredParameters=b suitableNodes=NodeSelector!
ClassParametersReference: apiGroup kind name namespace
NodeSelector: nodeSelectorTerms=[NodeSelectorTerm]
NodeSelectorTerm: matchExpressions=[SelectorRequirement] matchFields=[SelectorRequirement]
ResourceClaim: apiVersion kind metadata=ObjectMeta spec=ClaimSpec status=ClaimStatus
ClaimSpec: allocationMode parametersRef=ClaimParametersReference resourceClassName
ClaimParametersReference: apiGroup kind name
ClaimStatus: allocation=Allocation deallocationRequested=b driverName reservedFor=[Consumer]{uid}
Allocation: availableOnNodes=NodeSelector! resourceHandles=[ResourceHandle] shareable=b
ResourceHandle: data driverName structuredData=*
Consumer: apiGroup name resource uid
ResourceClaimTemplate: apiVersion kind metadata=ObjectMeta spec=ClaimTemplateSpec
ClaimTemplateSpec: metadata=ObjectMeta spec=ClaimSpec
PodSchedulingContext: apiVersion kind metadata=ObjectMeta spec=SchedulingSpec status=SchedulingStatus
SchedulingSpec: potentialNodes=[s] selectedNode
SchedulingStatus: resourceClaims=[ClaimSchedulingStatus]{name|}
ClaimSchedulingStatus: name unsuitableNodes=[s]
"""
