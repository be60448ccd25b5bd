#!/usr/bin/env node
// It stands before anything is built: npm links a workspace's command only where its file is there when it installs.
import '../dist/main.js';
