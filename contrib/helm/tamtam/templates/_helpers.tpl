{{- define "tamtam.selector" -}}
app.kubernetes.io/name: tamtam
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "tamtam.labels" -}}
{{ include "tamtam.selector" . }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name (.Chart.Version | replace "+" "_") }}
{{- end }}

{{- define "tamtam.image" -}}
{{- $version := ternary "latest" .Chart.AppVersion (eq .Chart.AppVersion "0.0.0") -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default $version }}
{{- end }}

{{- /* Seeds: two pods whose names never change, or all machines by the service. */ -}}
{{- define "tamtam.join" -}}
{{- if eq .Values.mode "machines" -}}
{{ .Release.Name }}
{{- else -}}
{{- $name := .Release.Name -}}
{{- range $i := until (min 2 (int .Values.replicas) | int) }}{{ if $i }},{{ end }}{{ $name }}-{{ $i }}.{{ $name }}{{ end -}}
{{- end -}}
{{- end }}

{{- define "tamtam.settings" -}}
{{- if and (eq .Values.mode "machines") (not .Values.podMonitor.enabled) }}
TAMTAM_HTTP: localhost:{{ .Values.httpPort }}
{{- else }}
TAMTAM_HTTP: ":{{ .Values.httpPort }}"
TAMTAM_HTTP_INSECURE: "true"
{{- end }}
{{- if ne (int .Values.gossipPort) 9999 }}
TAMTAM_PORT: {{ .Values.gossipPort | quote }}
{{- end }}
{{- range $name, $value := .Values.settings }}
{{ $name }}: {{ $value | toString | quote }}
{{- end }}
{{- end }}

{{- /* The probe of a path; a machine's loopback address can be reached by its kubelet. */ -}}
{{- define "tamtam.probe" -}}
httpGet:
  {{- if eq .root.Values.mode "machines" }}
  host: 127.0.0.1
  {{- end }}
  path: {{ .path }}
  port: http
timeoutSeconds: 5
{{- end }}

{{- define "tamtam.podtemplate" -}}
metadata:
  labels:
    {{- include "tamtam.selector" . | nindent 4 }}
    {{- with .Values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    # A change of the settings restarts the pods.
    checksum/settings: {{ include "tamtam.settings" . | sha256sum }}
    {{- with .Values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  {{- include "tamtam.pod" . | nindent 2 }}
  {{- with .Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  containers:
    {{- include "tamtam.container" . | nindent 4 }}
    {{- with .Values.extraContainers }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  volumes:
    {{- if eq .Values.mode "machines" }}
    - name: run
      hostPath:
        path: /run/tamtam
        type: DirectoryOrCreate
    {{- end }}
    # Not optional: without it, gossip would not be encrypted.
    - name: keyring
      secret:
        secretName: {{ .Values.keyring.secret }}
        defaultMode: 0440
    {{- with .Values.extraVolumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end }}
