SELECT CAST((SELECT count(*) AS count_1 
FROM orders AS orders_1 
WHERE orders_1.policy_customer_region = ANY ($1::TEXT[]) AND orders_1.status = ANY ($2::TEXT[])) AS VARCHAR) AS anon_1, CAST(coalesce(string_agg(concat('{"cursor":', chr(1), '0|["', page_0.total, '",', page_0.id, ']', chr(1), ',"node":{"databaseId":"', page_0.id, '","total":"', page_0.total, '"}}'), ',' ORDER BY page_0.total, page_0.id) FILTER (WHERE page_0.number <= $3::BIGINT), '') AS VARCHAR) AS coalesce_1, CAST(CASE WHEN (count(*) > $3::BIGINT) THEN 'true' WHEN (count(*) <= $3::BIGINT) THEN 'false' ELSE 'null' END AS VARCHAR) AS anon_2, CAST(CASE WHEN (count(*) = 0) THEN 'null' ELSE concat(chr(1), '0|["', (array_agg(page_0.total ORDER BY page_0.total, page_0.id))[1], '",', (array_agg(page_0.id ORDER BY page_0.total, page_0.id))[1], ']', chr(1)) END AS VARCHAR) AS anon_3, CAST(CASE WHEN (count(*) = 0) THEN 'null' ELSE concat(chr(1), '0|["', (array_agg(page_0.total ORDER BY page_0.total, page_0.id))[least(count(*), $3::BIGINT)], '",', (array_agg(page_0.id ORDER BY page_0.total, page_0.id))[least(count(*), $3::BIGINT)], ']', chr(1)) END AS VARCHAR) AS anon_4 
FROM (SELECT page_0_rows.id AS id, page_0_rows.total AS total, row_number() OVER () AS number 
FROM (SELECT orders_2.id AS id, orders_2.total AS total 
FROM orders AS orders_2 
WHERE orders_2.policy_customer_region = ANY ($4::TEXT[]) AND orders_2.status = ANY ($5::TEXT[]) ORDER BY orders_2.total, orders_2.id 
 LIMIT $6::BIGINT) AS page_0_rows) AS page_0;
