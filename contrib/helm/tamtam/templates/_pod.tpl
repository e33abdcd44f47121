{{- define "tamtam.pod" -}}
automountServiceAccountToken: false
# For a service named tamtam, Kubernetes would set TAMTAM_PORT, which is a flag's variable.
enableServiceLinks: false
# At SIGTERM the daemon leaves gracefully: no preStop hook is needed.
terminationGracePeriodSeconds: 15
{{- if eq .Values.mode "machines" }}
hostNetwork: true
dnsPolicy: ClusterFirstWithHostNet
tolerations:
  {{- .Values.tolerations | default (list (dict "operator" "Exists")) | toYaml | nindent 2 }}
securityContext:
  # The machine's root owns /run/tamtam. It is a root without capabilities here.
  runAsUser: 0
  runAsGroup: 65532
  seccompProfile:
    type: RuntimeDefault
{{- else }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
# On different machines and in different zones, as far as there are any.
topologySpreadConstraints:
  {{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
  - maxSkew: 1
    topologyKey: {{ . }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "tamtam.selector" $ | nindent 8 }}
  {{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  # So that the daemon can read the keyring.
  fsGroup: 65532
  seccompProfile:
    type: RuntimeDefault
{{- end }}
{{- end }}

{{- define "tamtam.container" -}}
- name: tamtamd
  image: {{ include "tamtam.image" . }}
  imagePullPolicy: {{ .Values.image.pullPolicy }}
  envFrom:
    - configMapRef:
        name: {{ .Release.Name }}
  env:
    - name: GOMEMLIMIT
      value: {{ .Values.goMemoryLimit }}
    - name: TAMTAM_KEYRING_FILE
      value: /etc/tamtam/keyring/{{ .Values.keyring.key }}
    - name: TAMTAM_NAME
      valueFrom:
        fieldRef:
          fieldPath: {{ ternary "spec.nodeName" "metadata.name" (eq .Values.mode "machines") }}
    - name: TAMTAM_BIND
      valueFrom:
        fieldRef:
          fieldPath: status.podIP
    - name: TAMTAM_JOIN
      value: {{ include "tamtam.join" . }}
    {{- if eq .Values.mode "machines" }}
    - name: TAMTAM_RPC
      value: unix:///run/tamtam/rpc.sock
    {{- end }}
  ports:
    - name: gossip
      containerPort: {{ .Values.gossipPort }}
      protocol: UDP
    - name: http
      containerPort: {{ .Values.httpPort }}
      protocol: TCP
  readinessProbe:
    {{- include "tamtam.probe" (dict "root" . "path" "/readyz") | nindent 4 }}
    periodSeconds: 5
  livenessProbe:
    {{- include "tamtam.probe" (dict "root" . "path" "/livez") | nindent 4 }}
    periodSeconds: 10
    failureThreshold: 3
  resources:
    {{- toYaml .Values.resources | nindent 4 }}
  securityContext:
    allowPrivilegeEscalation: false
    readOnlyRootFilesystem: true
    capabilities:
      drop: [ALL]
  volumeMounts:
    {{- if eq .Values.mode "machines" }}
    - name: run
      mountPath: /run/tamtam
    {{- end }}
    - name: keyring
      mountPath: /etc/tamtam/keyring
      readOnly: true
{{- end }}
