DROP TABLE print_parts;
DROP TABLE prints;
DROP TABLE notice_subjects;
