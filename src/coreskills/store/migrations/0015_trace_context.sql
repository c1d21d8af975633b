-- In which trace, and under which of its spans, a job was accepted (`traceparent` of W3C Trace
-- Context), so that whoever runs it goes on there. NULL: nobody traced it.
ALTER TABLE jobs ADD COLUMN trace_parent text;
