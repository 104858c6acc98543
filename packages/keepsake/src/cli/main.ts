#!/usr/bin/env node
import "./run.ts"
