// From 1.30 on, ONNX Runtime tells its maker of each session that is opened, and leaves files under TMPDIR for that. It asks for this variable
// when it is loaded; whoever has set it keeps what was set. Worker threads have it from the main thread.
process.env['ORT_DISABLE_TELEMETRY'] ??= '1';
