// Runs before each file; what it imports runs once for all files of a process.
import './typed-arrays.ts';
