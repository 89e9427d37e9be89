SELECT CAST(string_agg(CASE WHEN (orders_1.id IS NULL) THEN 'null' ELSE concat('{"id":"T3JkZXI6', encode(textsend(CAST(orders_1.id AS TEXT)), 'base64'), '","status":"', upper(orders_1.status), '","customer":', CASE WHEN (customers_1.id IS NULL) THEN 'null' ELSE concat('{"name":', json_scalar(customers_1.name), '}') END, '}') END, chr(30) ORDER BY asked.place) AS VARCHAR) AS string_agg_1 
FROM unnest($1::BIGINT[]) WITH ORDINALITY AS asked(key, place) LEFT OUTER JOIN orders AS orders_1 ON orders_1.id = asked.key AND orders_1.policy_customer_region = ANY ($2::TEXT[]) LEFT OUTER JOIN customers AS customers_1 ON customers_1.id = orders_1.customer_id AND customers_1.region = ANY ($3::TEXT[]);

SELECT CAST(string_agg(CASE WHEN (customers_1.id IS NULL) THEN 'null' ELSE concat('{"id":"Q3VzdG9tZXI6', encode(textsend(CAST(customers_1.id AS TEXT)), 'base64'), '","name":', json_scalar(customers_1.name), ',"orders":', (SELECT concat('{"nodes":[', coalesce(string_agg(concat('{"total":"', page_0.total, '"}'), ',' ORDER BY page_0.id), ''), ']}') AS concat_1 
FROM (SELECT orders_1.total AS total, orders_1.id AS id 
FROM orders AS orders_1 
WHERE orders_1.policy_customer_region = ANY ($1::TEXT[]) AND orders_1.customer_id = customers_1.id ORDER BY orders_1.id DESC 
 LIMIT $2::BIGINT) AS page_0), '}') END, chr(30) ORDER BY asked.place) AS VARCHAR) AS string_agg_1 
FROM unnest($3::BIGINT[]) WITH ORDINALITY AS asked(key, place) LEFT OUTER JOIN customers AS customers_1 ON customers_1.id = asked.key AND customers_1.region = ANY ($4::TEXT[]);
