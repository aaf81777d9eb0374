"""Fields of core/v1 and of what all kinds share (the notation of ``schema``).

Field names and list types: Kubernetes' OpenAPI of 1.30 to 1.37.
"""

META = """
ObjectMeta: name generateName namespace selfLink uid resourceVersion generation=i creationTimestamp deletionTimestamp
 deletionGracePeriodSeconds=i labels=<s> annotations=<s> ownerReferences=[OwnerReference]{uid} finalizers=[s]{}
 managedFields=[*]
OwnerReference: apiVersion kind name uid controller=b blockOwnerDeletion=b
Condition: type status reason message lastTransitionTime lastUpdateTime lastHeartbeatTime lastProbeTime
 observedGeneration=i
LabelSelector: matchLabels=<s> matchExpressions=[SelectorRequirement]
SelectorRequirement: key operator values=[s]
LocalReference: name
"""

PODS = """
Pod: apiVersion kind metadata=ObjectMeta spec=PodSpec status=PodStatus
PodTemplateSpec: metadata=ObjectMeta spec=PodSpec
PodSpec: activeDeadlineSeconds=i affinity=* automountServiceAccountToken=b containers=[Container]{name} dnsConfig=*
 dnsPolicy enableServiceLinks=b ephemeralContainers=[Container]{name} hostAliases=[HostAlias]{ip} hostIPC=b
 hostNetwork=b hostPID=b hostUsers=b hostname hostnameOverride imagePullSecrets=[LocalReference]{name}
 initContainers=[Container]{name} nodeName nodeSelector=<s>! os=* overhead=<q> preemptionPolicy priority=i
 priorityClassName readinessGates=[*] resourceClaims=[PodResourceClaim]{name} resources=ResourceRequirements
 restartPolicy runtimeClassName schedulerName schedulingGates=[LocalReference]{name} schedulingGroup=*
 securityContext=PodSecurityContext serviceAccount serviceAccountName setHostnameAsFQDN=b shareProcessNamespace=b
 subdomain terminationGracePeriodSeconds=i tolerations=[Toleration] topologySpreadConstraints=[*]
 volumes=[Volume]{name} workloadRef=*
HostAlias: ip hostnames=[s]
Toleration: key operator value effect tolerationSeconds=i
Container: name image args=[s] command=[s] env=[EnvVar]{name} envFrom=[EnvFrom] imagePullPolicy lifecycle=*
 livenessProbe=Probe ports=[ContainerPort]{containerPort,protocol} readinessProbe=Probe
 resizePolicy=[*] resources=ResourceRequirements restartPolicy restartPolicyRules=[*]
 securityContext=ContainerSecurityContext
 startupProbe=Probe stdin=b stdinOnce=b targetContainerName terminationMessagePath terminationMessagePolicy tty=b
 volumeDevices=[VolumeDevice]{devicePath} volumeMounts=[VolumeMount]{mountPath} workingDir
EnvVar: name value valueFrom=EnvSource
EnvSource: configMapKeyRef=KeyReference fieldRef=FieldReference resourceFieldRef=ResourceFieldReference
 secretKeyRef=KeyReference fileKeyRef=*
KeyReference: name key optional=b
FieldReference: apiVersion fieldPath
ResourceFieldReference: containerName divisor=q resource
EnvFrom: configMapRef=OptionalReference prefix secretRef=OptionalReference
OptionalReference: name optional=b
ContainerPort: containerPort=i hostIP hostPort=i name protocol
ResourceRequirements: claims=[ContainerClaim]{name|} limits=<q> requests=<q>
VolumeDevice: devicePath name
VolumeMount: mountPath mountPropagation name readOnly=b recursiveReadOnly subPath subPathExpr
Probe: exec=ExecAction failureThreshold=i grpc=GrpcAction httpGet=HttpAction initialDelaySeconds=i periodSeconds=i
 successThreshold=i tcpSocket=TcpAction terminationGracePeriodSeconds=i timeoutSeconds=i
ExecAction: command=[s]
GrpcAction: port=i service
HttpAction: host httpHeaders=[HttpHeader] path port=x scheme
HttpHeader: name value
TcpAction: host port=x
ContainerSecurityContext: allowPrivilegeEscalation=b appArmorProfile=* capabilities=Capabilities privileged=b procMount
 readOnlyRootFilesystem=b runAsGroup=i runAsNonRoot=b runAsUser=i seLinuxOptions=* seccompProfile=SeccompProfile
 windowsOptions=*
Capabilities: add=[s] drop=[s]
SeccompProfile: localhostProfile type
PodSecurityContext: appArmorProfile=* fsGroup=i fsGroupChangePolicy runAsGroup=i runAsNonRoot=b runAsUser=i
 seLinuxChangePolicy seLinuxOptions=* seccompProfile=SeccompProfile supplementalGroups=[i] supplementalGroupsPolicy
 sysctls=[*] windowsOptions=*
Volume: name awsElasticBlockStore=* azureDisk=* azureFile=* cephfs=* cinder=* configMap=ConfigMapVolume csi=*
 downwardAPI=* emptyDir=EmptyDir ephemeral=* fc=* flexVolume=* flocker=* gcePersistentDisk=* gitRepo=* glusterfs=*
 hostPath=HostPath image=* iscsi=* nfs=* persistentVolumeClaim=* photonPersistentDisk=* portworxVolume=*
 projected=* quobyte=* rbd=* scaleIO=* secret=SecretVolume storageos=* vsphereVolume=*
ConfigMapVolume: defaultMode=i items=[KeyToPath] name optional=b
SecretVolume: defaultMode=i items=[KeyToPath] optional=b secretName
KeyToPath: key mode=i path
EmptyDir: medium sizeLimit=q
HostPath: path type
PodStatus: allocatedResources=* conditions=[Condition]{type} containerStatuses=[ContainerStatus]
 ephemeralContainerStatuses=[ContainerStatus] extendedResourceClaimStatus=* hostIP hostIPs=[*]
 initContainerStatuses=[ContainerStatus] message nodeAllocatableResourceClaimStatuses=[*] nominatedNodeName
 observedGeneration=i phase podIP podIPs=[PodIP]{ip} qosClass reason resize
 resourceClaimStatuses=[PodClaimStatus]{name} resources=* startTime
PodClaimStatus: name resourceClaimName
PodIP: ip
ContainerStatus: allocatedResources=* allocatedResourcesStatus=[*] containerID image imageID lastState=* name ready=b
 resources=* restartCount=i started=b state=* stopSignal user=* volumeMounts=[*]
Binding: apiVersion kind metadata=ObjectMeta target=*
Eviction: apiVersion kind metadata=ObjectMeta deleteOptions=*
"""

CORE = """
Namespace: apiVersion kind metadata=ObjectMeta spec=NamespaceSpec status=NamespaceStatus
NamespaceSpec: finalizers=[s]
NamespaceStatus: phase conditions=[Condition]{type}
Node: apiVersion kind metadata=ObjectMeta spec=NodeSpec status=NodeStatus
NodeSpec: configSource=* externalID podCIDR podCIDRs=[s]{} providerID taints=[Taint]{|key} unschedulable=b
Taint: key value effect timeAdded
NodeStatus: addresses=[Address]{type} allocatable=<q> capacity=<q> conditions=[Condition]{type} config=*
 daemonEndpoints=* declaredFeatures=[s] features=* images=[*] nodeInfo=* phase runtimeHandlers=[*] volumesAttached=[*]
 volumesInUse=[s]
Address: address type
Event: apiVersion kind metadata=ObjectMeta action count=i eventTime firstTimestamp involvedObject=ObjectReference
 lastTimestamp message reason related=ObjectReference reportingComponent reportingInstance series=EventSeries
 source=EventSource type
ObjectReference: apiVersion fieldPath kind name namespace resourceVersion uid
EventSeries: count=i lastObservedTime
EventSource: component host
NewEvent: apiVersion kind metadata=ObjectMeta action deprecatedCount=i deprecatedFirstTimestamp
 deprecatedLastTimestamp deprecatedSource=EventSource eventTime note reason regarding=ObjectReference
 related=ObjectReference reportingController reportingInstance series=EventSeries type
Secret: apiVersion kind metadata=ObjectMeta data=<s> immutable=b stringData=<s> type
ConfigMap: apiVersion kind metadata=ObjectMeta binaryData=<s> data=<s> immutable=b
ServiceAccount: apiVersion kind metadata=ObjectMeta automountServiceAccountToken=b imagePullSecrets=[LocalReference]
 secrets=[ObjectReference]{name}
Service: apiVersion kind metadata=ObjectMeta spec=ServiceSpec status=*
ServiceSpec: allocateLoadBalancerNodePorts=b clusterIP clusterIPs=[s] externalIPs=[s] externalName
 externalTrafficPolicy healthCheckNodePort=i internalTrafficPolicy ipFamilies=[s] ipFamilyPolicy loadBalancerClass
 loadBalancerIP loadBalancerSourceRanges=[s] ports=[ServicePort]{port,protocol} publishNotReadyAddresses=b
 selector=<s>! sessionAffinity sessionAffinityConfig=* trafficDistribution type
ServicePort: appProtocol name nodePort=i port=i protocol targetPort=x
"""
