"""Fields of the API groups besides core and resource.k8s.io (the notation of ``schema``).

Field names and list types: Kubernetes' OpenAPI of 1.30 to 1.37.
"""

WORKLOADS = """
DaemonSet: apiVersion kind metadata=ObjectMeta spec=DaemonSetSpec status=DaemonSetStatus
DaemonSetSpec: minReadySeconds=i revisionHistoryLimit=i selector=LabelSelector! template=PodTemplateSpec
 updateStrategy=UpdateStrategy
UpdateStrategy: rollingUpdate=RollingUpdate type
RollingUpdate: maxSurge=x maxUnavailable=x partition=i
DaemonSetStatus: collisionCount=i conditions=[Condition]{type} currentNumberScheduled=i desiredNumberScheduled=i
 numberAvailable=i numberMisscheduled=i numberReady=i numberUnavailable=i observedGeneration=i updatedNumberScheduled=i
Deployment: apiVersion kind metadata=ObjectMeta spec=DeploymentSpec status=DeploymentStatus
DeploymentSpec: minReadySeconds=i paused=b progressDeadlineSeconds=i replicas=i revisionHistoryLimit=i
 selector=LabelSelector! strategy=UpdateStrategy template=PodTemplateSpec
DeploymentStatus: availableReplicas=i collisionCount=i conditions=[Condition]{type} observedGeneration=i readyReplicas=i
 replicas=i terminatingReplicas=i unavailableReplicas=i updatedReplicas=i
ReplicaSet: apiVersion kind metadata=ObjectMeta spec=ReplicaSetSpec status=ReplicaSetStatus
ReplicaSetSpec: minReadySeconds=i replicas=i selector=LabelSelector! template=PodTemplateSpec
ReplicaSetStatus: availableReplicas=i conditions=[Condition]{type} fullyLabeledReplicas=i observedGeneration=i
 readyReplicas=i replicas=i terminatingReplicas=i
StatefulSet: apiVersion kind metadata=ObjectMeta spec=StatefulSetSpec status=*
StatefulSetSpec: minReadySeconds=i ordinals=* persistentVolumeClaimRetentionPolicy=* podManagementPolicy replicas=i
 revisionHistoryLimit=i selector=LabelSelector! serviceName template=PodTemplateSpec updateStrategy=UpdateStrategy
 volumeClaimTemplates=[*]
ControllerRevision: apiVersion kind metadata=ObjectMeta data=* revision=i
Job: apiVersion kind metadata=ObjectMeta spec=JobSpec status=JobStatus
JobSpec: activeDeadlineSeconds=i backoffLimit=i backoffLimitPerIndex=i completionMode completions=i managedBy
 manualSelector=b maxFailedIndexes=i parallelism=i podFailurePolicy=* podReplacementPolicy selector=LabelSelector!
 successPolicy=* suspend=b template=PodTemplateSpec ttlSecondsAfterFinished=i
JobStatus: active=i completedIndexes completionTime conditions=[Condition]{|type} failed=i failedIndexes ready=i
 startTime succeeded=i terminating=i uncountedTerminatedPods=*
"""

OTHERS = """
SelfSubjectReview: apiVersion kind metadata=ObjectMeta spec=* status=*
TokenReview: apiVersion kind metadata=ObjectMeta spec=* status=*
SelfSubjectAccessReview: apiVersion kind metadata=ObjectMeta spec=* status=*
SubjectAccessReview: apiVersion kind metadata=ObjectMeta spec=* status=*
Role: apiVersion kind metadata=ObjectMeta rules=[PolicyRule]
ClusterRole: apiVersion kind metadata=ObjectMeta aggregationRule=* rules=[PolicyRule]
PolicyRule: apiGroups=[s] nonResourceURLs=[s] resourceNames=[s] resources=[s] verbs=[s]
RoleBinding: apiVersion kind metadata=ObjectMeta roleRef=RoleRef! subjects=[Subject]
ClusterRoleBinding: apiVersion kind metadata=ObjectMeta roleRef=RoleRef! subjects=[Subject]
RoleRef: apiGroup kind name
Subject: apiGroup kind name namespace
ValidatingAdmissionPolicy: apiVersion kind metadata=ObjectMeta spec=PolicySpec status=*
PolicySpec: auditAnnotations=[*] failurePolicy matchConditions=[MatchCondition]{name} matchConstraints=MatchResources
 paramKind=* validations=[Validation] variables=[Variable]{name}
MatchCondition: expression name
Variable: expression name
Validation: expression message messageExpression reason
MatchResources: excludeResourceRules=[ResourceRule] matchPolicy namespaceSelector=LabelSelector!
 objectSelector=LabelSelector! resourceRules=[ResourceRule]
ResourceRule: apiGroups=[s] apiVersions=[s] operations=[s] resourceNames=[s] resources=[s] scope
ValidatingAdmissionPolicyBinding: apiVersion kind metadata=ObjectMeta spec=PolicyBindingSpec
PolicyBindingSpec: matchResources=MatchResources paramRef=* policyName validationActions=[s]{}
ValidatingWebhookConfiguration: apiVersion kind metadata=ObjectMeta webhooks=[Webhook]{name}
MutatingWebhookConfiguration: apiVersion kind metadata=ObjectMeta webhooks=[Webhook]{name}
Webhook: admissionReviewVersions=[s] clientConfig=* failurePolicy matchConditions=[MatchCondition]{name} matchPolicy
 name namespaceSelector=LabelSelector! objectSelector=LabelSelector! reinvocationPolicy rules=[ResourceRule] sideEffects
 timeoutSeconds=i
Lease: apiVersion kind metadata=ObjectMeta spec=LeaseSpec
LeaseSpec: acquireTime holderIdentity leaseDurationSeconds=i leaseTransitions=i preferredHolder renewTime strategy
PriorityClass: apiVersion kind metadata=ObjectMeta description globalDefault=b preemptionPolicy value=i
PodDisruptionBudget: apiVersion kind metadata=ObjectMeta spec=* status=*
CustomResourceDefinition: apiVersion kind metadata=ObjectMeta spec=CrdSpec status=CrdStatus
CrdSpec: conversion=* group names=CrdNames preserveUnknownFields=b scope versions=[CrdVersion]
CrdNames: categories=[s] kind listKind plural shortNames=[s] singular
CrdVersion: additionalPrinterColumns=[*] deprecated=b deprecationWarning name schema=* selectableFields=[*] served=b
 storage=b subresources=*
CrdStatus: acceptedNames=* conditions=[Condition]{type} storedVersions=[s] observedGeneration=i
"""
